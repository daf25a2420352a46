# row: 117
# title: Random numbers differ from job to job; addresses and the hash seed are
#    those of the zygote, as the documentation says, and are replaced with it.
# tries: random, uuid, secrets, os.urandom, hash, id and tempfile names in 20 jobs
# side: outside

import json

CODE = """import ctypes, json, os, random, secrets, tempfile, uuid
import numbers
print(json.dumps({
 'random': random.random(), 'bits': random.getrandbits(64),
 'uuid4': str(uuid.uuid4()), 'token': secrets.token_hex(8),
 'urandom': os.urandom(8).hex(), 'temp': tempfile.mktemp(),
 'rand': ctypes.CDLL(None).getpid() * 0 + random.SystemRandom().getrandbits(60),
 'hash': hash('a'), 'object': id(object),
 'libc': ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p).value}))
"""


def run(site, host):
    wrong, seen = [], {}
    for _ in range(20):
        job = site.client.run(CODE)
        for key, value in json.loads(job["stdout"]).items():
            seen.setdefault(key, []).append(value)
    for key in ("random", "bits", "uuid4", "token", "urandom", "temp", "rand"):
        if len(set(seen[key])) != 20:
            wrong.append("%s: %d values in 20 jobs" % (
                key, len(set(seen[key]))))
    # one per zygote, of which there is one a worker
    wrong.append("FIGURE: of 20 jobs: %d hash seeds, %d libc addresses" % (
        len(set(seen["hash"])), len(set(seen["libc"]))))
    return wrong
