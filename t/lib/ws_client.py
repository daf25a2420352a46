"""Debian's python3-websockets against /ws: ws_client.py URL.  Prints `done`
at the end, or what is wrong; or `skip: why` when it is not installed."""

import asyncio
import json
import sys

try:
    import websockets
except ImportError:
    print("skip: python3-websockets is not installed")
    sys.exit(0)


def check(got, want, what):
    if got != want:
        sys.exit("%s: got %.200r, not %.200r" % (what, got, want))


async def message(ws):
    return json.loads(await asyncio.wait_for(ws.recv(), 20))


async def run(ws, code):
    """The output of a program and its result."""
    await ws.send(json.dumps({"type": "execute", "code": code}))
    output = ""
    while True:
        m = await message(ws)
        if m["type"] == "output":
            output += m["data"]
        elif m["type"] in ("result", "error"):
            return output, m


async def session(url, compression):
    async with websockets.connect(
            url, subprotocols=["coderemote.v1"], compression=compression,
            max_size=None) as ws:
        check(ws.subprotocol, "coderemote.v1", "subprotocol")
        check(bool(ws.extensions), compression is not None, "compression")
        check((await message(ws))["type"], "hello", "first")

        await ws.send('{"type":"ping","ref":"\u20ac\U0001f600"}')
        check((await message(ws))["ref"], "\u20ac\U0001f600", "utf-8")

        await ws.send(['{"type":', '"ping",', '"ref":', '7}'])
        check((await message(ws))["ref"], 7, "fragments")

        await asyncio.wait_for(await ws.ping(b"x" * 125), 20)

        await ws.send(b"\x00\xff")
        check((await message(ws))["code"], "unsupported_media_type", "binary")
        await ws.send("[1,")
        check((await message(ws))["code"], "invalid_json", "no json")

        text = "0123456789abcdef\u00e9" * 3000
        output, result = await run(ws, "print(len(%r))" % text)
        check((output, result.get("detail")), ("%d\n" % len(text), None),
              "a long message")

        output, result = await run(ws, "print('\\u20acuro ' * 40000)")
        check(output, "\u20acuro " * 40000 + "\n", "a long output")
        check(result["status"], "succeeded", "status")

        await ws.close(3000, "bye")
        check(ws.close_code, 3000, "close code")


async def main(url):
    for compression in (None, "deflate"):
        await session(url, compression)
    print("done")


asyncio.run(main(sys.argv[1]))
