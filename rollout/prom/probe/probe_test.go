package probe
import (
 _ "github.com/prometheus/prometheus/promql"
 _ "github.com/prometheus/prometheus/promql/parser"
 _ "github.com/prometheus/prometheus/tsdb"
 _ "github.com/prometheus/client_golang/api/prometheus/v1"
 _ "github.com/prometheus/common/config"
 _ "go.yaml.in/yaml/v3"
 _ "go.yaml.in/yaml/v2"
 _ "pgregory.net/rapid"
 _ "sigs.k8s.io/yaml"
 _ "github.com/google/go-cmp/cmp"
 _ "go.uber.org/goleak"
)
