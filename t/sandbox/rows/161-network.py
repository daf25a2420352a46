# row: 161
# title: No network, by whatever module.
# tries: socket, urllib, http.server, asyncio, DNS, ssl, ftplib, smtplib
# control: host-safe

import asyncio
import ftplib
import http.server
import smtplib
import socket
import socketserver
import urllib.request
from attack import breach, env, held, wall

port = int(env("TCP") or 80)
for name, do in (
        ("tcp", lambda: socket.create_connection(("127.0.0.1", port), 2)),
        ("tcp6", lambda: socket.create_connection(("::1", port), 2)),
        ("bind", lambda: socket.create_server(("127.0.0.1", 0))),
        ("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
        ("dns", lambda: socket.getaddrinfo("example.com", 80)),
        ("gethostbyname", lambda: socket.gethostbyname("example.com")),
        ("urllib", lambda: urllib.request.urlopen(
            "http://127.0.0.1:%d/" % port, timeout=2)),
        ("http.server", lambda: http.server.HTTPServer(
            ("127.0.0.1", 0), None)),
        ("udp server", lambda: socketserver.UDPServer(
            ("127.0.0.1", 0), None)),
        ("ftp", lambda: ftplib.FTP("127.0.0.1", timeout=2)),
        ("smtp", lambda: smtplib.SMTP("127.0.0.1", port, timeout=2)),
        ("asyncio", lambda: asyncio.run(
            asyncio.open_connection("127.0.0.1", port)))):
    try:
        do()
        breach(name)
    except OSError:
        pass
wall()
held()
