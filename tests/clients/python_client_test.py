"""Runs examples/clients/syncline_client.py against a real server.

usage: python_client_test.py <program syncline> <folder of the client>
"""
import json, os, signal, subprocess, sys, tempfile, time, urllib.request

program, folder = sys.argv[1:3]
sys.path.insert(0, folder)
sys.dont_write_bytecode = True
from syncline_client import Problem, Replica, hlc_number, hlc_text


class Server:
    def __init__(self, directory):
        self.process = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0", "--json", "--log-level", "error",
             "--data", directory], stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["url"]

    def run(self, *words):
        return subprocess.run([program, *words], env={"SYNCLINE_SERVER": self.url}, text=True,
                              capture_output=True, check=True).stdout

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0


def check(condition, what):
    if not condition:
        sys.exit(f"{sys.argv[0]}: not so: {what}")


def equal(found, expected, what):
    check(found == expected, f"{what}: {found!r} instead of {expected!r}")


def settle(*replicas):
    """Two rounds of each: the first brings everything to the server, the second back."""
    for _ in range(2):
        for replica in replicas:
            replica.sync()


def all_rows(replica):
    return {key: replica.get(*key) for key in replica.rows}


def check_times():
    for text in ("1970-01-01T00:00:00.000001Z-000", "2026-11-20T12:00:00.123456Z-abc"):
        equal(hlc_text(hlc_number(text)), text, "a time that goes both ways")
    equal(hlc_number("1970-01-01T00:00:01.000000Z-00f"), 4096 * 1_000_000 + 15, "a time as number")


def check_time_of_writes(ann, directory):
    """A change is dated by the clock on the wall, but later than all that its writer has seen."""
    alone = Replica("http://127.0.0.1:1", "default", os.path.join(directory, "alone.json"))
    alone.put("times", "1", 1)
    now = time.time_ns() // 1000
    check(0 <= now - (alone.state["hlc"] >> 12) < 60_000_000, "a write is dated now")
    ann.state["hlc"] = ahead = (now + 30_000_000) << 12  # somebody's clock is half a minute ahead
    ann.put("times", "1", 2)
    equal(hlc_number(ann.rows["times", "1"][0]["hlc"]), ahead + 1, "the time after a later one")


def check_exchange(server, ann, ben):
    ann.put("orders", "1", {"item": "chair", "of": "caf\u00e9"})
    ann.put("orders", "2", [1, 2])
    ann.delete("orders", "2")
    server.run("put", "orders", "3", '{"n":  1.50}')
    settle(ann, ben)
    equal(ben.get("orders", "1"), {"item": "chair", "of": "caf\u00e9"}, "a row that went over")
    equal(ben.get("orders", "2"), None, "a deleted row")
    equal(ben.get("orders", "3"), {"n": 1.5}, "a row written at the server")
    equal(json.loads(server.run("get", "orders", "1", "--raw"))["item"], "chair", "the server's row")
    for i in range(25):
        ben.put("many", str(i), i)
    ben.sync(batch=10)
    cursor = ann.state["cursor"]
    ann.sync(batch=7)
    equal(ann.get("many", "24"), 24, "a row in the last of several pages")
    check(cursor and ann.state["cursor"] != cursor, "the cursor moved")
    for change in ben.state["own"]:  # as after a cursor that was lost
        ann._integrate(change)
    equal(all_rows(ann), all_rows(ben), "the rows after changes that came twice")
    equal(ann.conflicts() + ben.conflicts(), [], "conflicts where all was seen")


def check_conflict(server, ann, ben):
    settle(ann, ben)
    ann.put("orders", "1", {"by": "ann"})
    ben.put("orders", "1", {"by": "ben"})  # the later one
    settle(ann, ben)
    for replica in (ann, ben):
        equal(replica.conflicts(), [("orders", "1")], "the conflict")
        equal(replica.get("orders", "1"), {"by": "ben"}, "the winner")
    reports = ann.request("GET", "conflicts?status=open")["conflicts"]
    equal([(r["kind"], r["table"], r["row_id"]) for r in reports],
          [("update_update", "orders", "1")], "the server's report")
    equal({r["origin"] for r in (reports[0]["local"], reports[0]["remote"])},
          {ann.state["node"], ben.state["node"]}, "the two sides")
    ann.resolve("orders", "1", {"by": "both"})
    settle(ann, ben)
    for replica in (ann, ben):
        equal(replica.conflicts(), [], "conflicts after one was settled")
        equal(replica.get("orders", "1"), {"by": "both"}, "the settled row")
    report = ann.request("GET", "conflicts/" + reports[0]["id"])
    equal((report["status"], report["resolution"]["origin"]), ("resolved", ann.state["node"]),
          "the report afterwards")
    equal(json.loads(server.run("get", "orders", "1", "--raw")), {"by": "both"}, "the server's row")


def check_lost_answers(ann):
    """Every other answer is lost after the server did what was asked."""
    opened = urllib.request.urlopen
    lost = []

    def lossy(*words, **named):
        answer = opened(*words, **named)
        if len(lost) % 2 == 0:
            lost.append(answer)
            raise ConnectionResetError("lost")
        lost.append(None)
        return answer

    before = ann.request("GET", "log")["changes"]
    urllib.request.urlopen = lossy
    for i in range(3):
        ann.put("lossy", str(i), i)
        ann.sync()
    urllib.request.urlopen = opened
    check(len(lost) >= 6, "answers were lost")
    equal(ann.request("GET", "log")["changes"], before + 3, "changes after lost answers")


def problem_of(replica, session):
    replica.session = session
    try:
        replica.sync()
    except Problem as problem:
        return problem
    return None


def check_restart(server, ann, directory):
    """A replica that was ended goes on where it was; an old copy of it is found out."""
    with open(ann.path, encoding="utf-8") as file:
        old = file.read()
    ann.put("orders", "4", 1)
    ann.sync()
    again = Replica(server.url, "default", ann.path)
    equal(again.state, ann.state, "what a restart finds")
    again.put("orders", "5", 2)
    again.sync()
    copy = os.path.join(directory, "copy.json")
    with open(copy, "w", encoding="utf-8") as file:
        file.write(old)
    stale = Replica(server.url, "default", copy)
    for session in (None, again.session):
        problem = problem_of(stale, session)
        check(problem is not None and problem.code == "replica_rewound", "an old copy is stopped")
    # Within a session it is the copy itself that finds out.
    check("somebody else writes as" in str(problem), "who finds out")
    return again


def main():
    check_times()
    with tempfile.TemporaryDirectory() as directory:
        server = Server(os.path.join(directory, "server"))
        server.run("tenant", "set", "default", "--table-policy", "orders=causal")
        ann, ben = (Replica(server.url, "default", os.path.join(directory, name + ".json"), name)
                    for name in ("ann", "ben"))
        check_exchange(server, ann, ben)
        check_conflict(server, ann, ben)
        check_lost_answers(ann)
        check_time_of_writes(ann, directory)
        ann = check_restart(server, ann, directory)
        server.stop()  # another one on the same data does not know the session
        server = Server(os.path.join(directory, "server"))
        for replica in (ann, ben):
            replica.base = server.url + "/v1/tenants/default"
        ben.put("orders", "6", "after the restart")
        settle(ben, ann, ben)
        equal(all_rows(ann), all_rows(ben), "the rows of both")
        listed = json.loads(server.run("scan", "orders", "--json"))
        equal({row["row_id"]: row["data"] for row in listed["rows"]},
              {key[1]: ann.get(*key) for key in ann.rows
               if key[0] == "orders" and ann.get(*key) is not None}, "the server's rows")
        server.stop()


main()
