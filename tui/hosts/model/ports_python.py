"""The programs of model.host_ports for a host without Perl: they take and print the same."""

LISTENER = r"""
import errno, select, signal, socket, sys
first, last, limit = map(int, sys.argv[1:4])
end = sys.argv[4].encode()
signal.alarm(limit)
waiting = []
def listens(family, where):
    opened = None
    try:
        opened = socket.socket(family, socket.SOCK_STREAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        opened.bind(where)
        opened.listen(8)
    except OSError as error:
        if opened:
            opened.close()
        return error.errno
    waiting.append(opened)
    return 0
for port in range(first, last + 1):
    failed = listens(socket.AF_INET6, ("::", port))
    if failed and failed != errno.EADDRINUSE:
        failed = listens(socket.AF_INET, ("", port))
    print("in_use" if failed else "listening", port)
listening = set(waiting)
print("ready", flush=True)
while True:
    for each in select.select(waiting, [], [])[0]:
        if each in listening:
            waiting.append(each.accept()[0])
            continue
        try:
            read = each.recv(256)
        except OSError:
            read = b""
        if end in read:
            sys.exit()
        if not read:
            waiting.remove(each)
            each.close()
"""

CONNECTOR = r"""
import errno, os, select, socket, sys, time
address, limit, end = sys.argv[1], float(sys.argv[2]), sys.argv[3]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
waiting, opened = {}, None
def said(port, number):
    print(port, "refused" if number == errno.ECONNREFUSED else os.strerror(number))
for port in map(int, sys.argv[4:]):
    each = socket.socket(family, socket.SOCK_STREAM)
    each.setblocking(False)
    number = each.connect_ex((address, port))
    if number in (0, errno.EINPROGRESS):
        waiting[each] = port
    else:
        said(port, number)
until = time.monotonic() + limit
while waiting and time.monotonic() < until:
    for each in select.select([], list(waiting), [], 0.25)[1]:
        port, number = waiting.pop(each), each.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            said(port, number)
        else:
            print(port, "open")
            opened = each
for port in waiting.values():
    print(port, "silent")
if opened:
    opened.setblocking(True)
    try:
        opened.sendall((end + "\n").encode())
    except OSError:
        pass
"""
