package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"canarybot.io/rollout"
	"canarybot.io/store/audit"
	"canarybot.io/store/bolt"
)

func auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Verify or export the audit: who decided what, when and on what grounds"}
	cmd.AddCommand(auditVerifyCommand(), auditExportCommand())
	return cmd
}

func auditVerifyCommand() *cobra.Command {
	var noted []string
	cmd := onStore("verify [FILE]", "Verify every entry of a store, also while Canarybot runs, or of an export", 0,
		func(cmd *cobra.Command, path string, _ []string) error {
			hashes, err := parseNoted(noted)
			if err != nil {
				return err
			}
			return verifyAudit(cmd, path, hashes)
		})
	cmd.Flags().StringArrayVar(&noted, "noted", nil, "an entry as it was noted elsewhere, such as 1204:9f2c41d07ab35e68; may be repeated")
	return cmd
}

// parseNoted reads numbers and hashes.
func parseNoted(all []string) (map[int64]string, error) {
	hashes := map[int64]string{}
	for _, one := range all {
		number, hash, ok := strings.Cut(one, ":")
		seq, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		hash = strings.ToLower(strings.TrimSpace(hash))
		if !ok || err != nil || seq < 1 || len(hash) < 8 || strings.Trim(hash, "0123456789abcdef") != "" {
			return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: audit.ProblemNotAHash, Value: one})
		}
		hashes[seq] = hash
	}
	return hashes, nil
}

func verifyAudit(cmd *cobra.Command, path string, noted map[int64]string) error {
	store, newest, problems, err := audited(cmd.Context(), path, noted, nil)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return asErrors(path, problems)
	}
	if newest.Seq == 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "The audit in %s is whole: store %s, no entries yet.\n", path, store)
		return nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "The audit in %s is whole: store %s, %d entries, the newest with the hash %s.\n", path, store, newest.Seq, newest.Hash)
	return nil
}

// export is what entries are written to.
type export interface {
	Begin(store string) error
	Entry(record []byte) error
	End(head audit.Head) error
}

// audited verifies what is in the file, a store or an export, and writes the entries of a store on the way; to nil: nowhere.
func audited(ctx context.Context, path string, noted map[int64]string, to export) (store string, newest audit.Head, problems []rollout.Problem, err error) {
	if exported(path) && to == nil {
		file, err := os.Open(path)
		if err != nil {
			return "", newest, nil, err
		}
		defer file.Close()
		store, newest, problems, err := audit.VerifyLines(bufio.NewReader(file), noted)
		var known *rollout.Error
		if errors.As(err, &known) {
			known.Problem.Key = path
		}
		return store, newest, problems, err
	}
	var v *audit.Verifier
	found, err := bolt.ReadAudit(ctx, path, func(store string) error {
		v = audit.NewVerifier(audit.Start(store), noted)
		if to == nil {
			return nil
		}
		return to.Begin(store)
	}, func(seq int64, record []byte) error {
		if record == nil {
			v.Broken(seq)
			return nil
		}
		v.Entry(seq, record)
		if to == nil {
			return nil
		}
		return to.Entry(record)
	})
	if err != nil {
		return "", newest, nil, err
	}
	problems = v.End(found.Head)
	if to != nil && len(problems) == 0 {
		err = to.End(found.Head)
	}
	return found.Store, v.Last(), problems, err
}

// exported reports whether the file is an export rather than a store.
func exported(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() { // opening a pipe would block forever
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	var first [1]byte
	_, err = io.ReadFull(file, first[:])
	return err == nil && first[0] == '{'
}

// asErrors returns the problems of the file as one error, a line each.
func asErrors(path string, problems []rollout.Problem) error {
	var all []error
	for _, p := range problems {
		p.Key = path
		all = append(all, rollout.Refuse(rollout.Invalid, p))
	}
	return errors.Join(all...)
}

// The formats of an export.
const (
	formatLines = "jsonl"
	formatTable = "csv"
)

func auditExportCommand() *cobra.Command {
	var form, out, since, service string
	var kinds []string
	cmd := onStore("export [FILE]", "Write the audit as JSON lines, which can be verified, or as CSV; also while Canarybot runs", 0,
		func(cmd *cobra.Command, path string, _ []string) error {
			q := rollout.AuditQuery{Service: rollout.ServiceName(service)}
			for _, k := range kinds {
				q.Kinds = append(q.Kinds, rollout.AuditKind(k))
			}
			if since != "" {
				at, err := time.Parse(time.DateOnly, since)
				if err != nil {
					return fmt.Errorf("--since %s is not a date; write for example 2026-01-31", since)
				}
				q.Since = at
			}
			narrowed := q.Service != "" || len(q.Kinds) > 0 || !q.Since.IsZero()
			switch {
			case form != formatLines && form != formatTable:
				return fmt.Errorf("there is no format %s: use %s or %s", form, formatLines, formatTable)
			case form == formatLines && narrowed:
				return fmt.Errorf("--since, --service and --kind need --format %s: a part of the audit could not be verified", formatTable)
			}
			return exportAudit(cmd, path, out, func(w io.Writer) export {
				if form == formatTable {
					return audit.NewTable(w, q)
				}
				return audit.NewLines(w)
			})
		})
	flags := cmd.Flags()
	flags.StringVar(&form, "format", formatLines, formatLines+" or "+formatTable)
	flags.StringVar(&out, "out", "", "the file to write, which must not be there yet; default: the standard output")
	flags.StringVar(&since, "since", "", "only entries since this date, UTC; CSV only")
	flags.StringVar(&service, "service", "", "only entries of this service; CSV only")
	flags.StringSliceVar(&kinds, "kind", nil, "only entries of these kinds, such as ended; CSV only")
	return cmd
}

// exportAudit writes the audit of a store. What is not whole is not exported: a file is there complete, or not at all.
func exportAudit(cmd *cobra.Command, path, out string, to func(io.Writer) export) (err error) {
	if out == "" {
		signal.Ignore(syscall.SIGPIPE) // whoever keeps an export is told that it was cut, and not by a number alone
		w := &target{w: cmd.OutOrStdout()}
		_, _, problems, err := audited(cmd.Context(), path, nil, to(w))
		return errors.Join(w.explain(err, "the standard output"), asErrors(path, problems))
	}
	if _, err := os.Lstat(out); err == nil {
		return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: bolt.ProblemBackupThere, Key: out})
	}
	temp, err := os.CreateTemp(filepath.Dir(out), "."+filepath.Base(out)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	w := &target{w: temp}
	_, newest, problems, err := audited(cmd.Context(), path, nil, to(w))
	if err = errors.Join(w.explain(err, out), asErrors(path, problems), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), out); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s has the audit of %s up to entry %d.\n", out, path, newest.Seq)
	return nil
}

// target is where an export is written, and why no more can be.
type target struct {
	w      io.Writer
	failed error
}

// Write writes, and remembers the first failure.
func (t *target) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	if t.failed == nil {
		t.failed = err
	}
	return n, err
}

// explain names the target where it is what an export failed by.
func (t *target) explain(err error, name string) error {
	if t.failed == nil || !errors.Is(err, t.failed) {
		return err
	}
	var why *fs.PathError // names a file that is not there any more
	cause := t.failed
	if errors.As(cause, &why) {
		cause = why.Err
	}
	return rollout.Refuse(rollout.Unavailable, rollout.Problem{Code: audit.ProblemNotWhole, Key: name}).Because(cause)
}
