# row: 177
# title: Nothing outside looks at a job's files while it runs.
# tries: swapping links while somebody checks them
# not applicable: no process of the host opens a path inside a sandbox
