package bolt

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"canarybot.io/rollout"
)

const frameSize = 9 // eight hex digits and a space

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum covers the bucket and the key too: a record in the wrong place is as bad as a changed one.
func checksum(bucket, key string, payload []byte) uint32 {
	crc := crc32.Update(0, castagnoli, []byte(bucket+"\x00"+key+"\x00"))
	return crc32.Update(crc, castagnoli, payload)
}

// frame returns the record as stored in the file: its checksum in hex, a space, the payload.
func frame(bucket, key string, payload []byte) []byte {
	raw := make([]byte, 0, frameSize+len(payload))
	raw = fmt.Appendf(raw, "%08x ", checksum(bucket, key, payload))
	return append(raw, payload...)
}

// unframe returns the payload of a record and its checksum, or what is wrong with it. The payload aliases raw.
func unframe(bucket, key string, raw []byte) (payload []byte, crc uint32, err error) {
	if len(raw) < frameSize || raw[frameSize-1] != ' ' {
		return nil, 0, fmt.Errorf("the record %q in %s has no checksum", key, bucket)
	}
	want, err := strconv.ParseUint(string(raw[:frameSize-1]), 16, 32)
	payload = raw[frameSize:]
	if crc = checksum(bucket, key, payload); err != nil || uint64(crc) != want {
		return nil, 0, fmt.Errorf("the record %q in %s differs from its checksum", key, bucket)
	}
	return payload, crc, nil
}

// encode returns the record of a value. It fails on what JSON cannot represent: NaN, or a year beyond 9999.
func encode(v any) ([]byte, error) {
	payload, err := json.Marshal(v)
	if err != nil {
		return nil, rollout.Wrap(rollout.Invalid, fmt.Errorf("encode the change: %w", err))
	}
	return payload, nil
}

// decode reads a valid record. It ignores unknown fields: a newer program whose fields must be understood raises the
// schema.
func decode[T any](bucket, key string, payload []byte) (T, error) {
	var v T
	if err := json.Unmarshal(payload, &v); err != nil {
		return v, rollout.Refuse(rollout.Internal, rollout.Problem{Code: ProblemRecordUnexpected, Key: bucket, Value: key}).Because(err)
	}
	return v, nil
}

// rolloutKey returns the key of a rollout: its number has ten digits, so that keys sort like numbers.
func rolloutKey(id rollout.ID) string {
	service, n, _ := id.Split()
	return fmt.Sprintf("%s/%010d", service, n)
}

// rolloutID returns the id of the rollout with the key.
func rolloutID(key string) rollout.ID {
	service, digits, _ := strings.Cut(key, "/")
	return rollout.ID(service + "-" + strings.TrimLeft(digits, "0"))
}

func entryKey(id rollout.ID, seq int) string { return fmt.Sprintf("%s/%010d", rolloutKey(id), seq) }
