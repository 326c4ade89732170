package bolt

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// dropCache has the kernel forget the pages of the file that are on the disk.
func dropCache(file *os.File) error {
	return unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED)
}

// network returns the name of the network file system that holds the directory; empty for a local one, or if unknown.
func network(dir string) string {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return ""
	}
	return networkName(uint32(stat.Type)) // the field's width and sign differ between architectures
}

// networkName knows the magic numbers of statfs(2).
func networkName(magic uint32) string {
	switch magic {
	case 0x6969:
		return "NFS"
	case 0x517B, 0xFF534D42, 0xFE534D42:
		return "SMB"
	}
	return ""
}

// holder returns " (process N)" if the kernel tells which process has locked the file; across containers it does not.
func holder(file *os.File) string {
	info, err := file.Stat()
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	locks, err := os.ReadFile("/proc/locks")
	if !ok || err != nil {
		return ""
	}
	inode := fmt.Sprintf(":%d", stat.Ino)
	for line := range bytes.Lines(locks) {
		// 1: FLOCK  ADVISORY  WRITE 4242 fe:00:131 0 EOF
		f := strings.Fields(string(line))
		if len(f) >= 6 && f[1] == "FLOCK" && f[4] != "0" && f[4] != "-1" && strings.HasSuffix(f[5], inode) {
			return f[4]
		}
	}
	return ""
}

// statfs returns what the file system of the directory has for us.
func statfs(dir string) (volume, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return volume{}, err
	}
	return volume{free: int64(stat.Bavail) * int64(stat.Bsize), total: int64(stat.Blocks) * int64(stat.Bsize)}, nil
}

// allocate allots blocks to a part of the file. What is beyond its end does not change its size.
func allocate(file *os.File, at, size int64) error {
	for {
		err := unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_KEEP_SIZE, at, size)
		if err != unix.EINTR {
			return err
		}
	}
}
