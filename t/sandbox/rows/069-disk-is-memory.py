# row: 69
# title: What lies in the files of a job is charged to its memory.
# tries: 60 MB in /box and 60 MB in /tmp with a limit of 64 MB
# limits: {"memory_mb": 64}
# expect: status=memory_exceeded, limit=memory
# heavy: yes
# control: nothing limits it outside
# rootless: without a cgroup memory is limited for each process, as address space;
#    files, pipes and sockets are not counted

for path in ("/box/fill", "/tmp/fill"):
    with open(path, "wb") as f:
        for _ in range(60):
            f.write(b"x" * (1 << 20))
print("BREACH:120 MB of files with 64 MB of memory")
