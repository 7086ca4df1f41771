"""A replica in Python: works offline, exchanges with a Syncline server, sees and settles conflicts.
Standard library only (Python 3.11). Written to be read beside docs/how-to/write-a-client.md."""
import base64, http.client, json, os, time, urllib.request, uuid
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

class Problem(Exception):
    """What the server refused; `code` is what to decide by."""
    def __init__(self, members):
        super().__init__(f"{members['code']}: {members.get('detail', '')}")
        self.code, self.members = members["code"], members

def hlc_text(number):  # 52 bits of microseconds and 12 of a counter, as text that sorts alike
    moment = EPOCH + timedelta(microseconds=number >> 12)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}Z-{number & 4095:03x}"

def hlc_number(text):
    time_us = (datetime.fromisoformat(text[:-4]) - EPOCH) // timedelta(microseconds=1)
    return time_us << 12 | int(text[-3:], 16)

class Replica:
    """One tenant's rows. What has to survive together is kept together, in one file."""
    def __init__(self, url, tenant, path, name="python"):
        self.base, self.path, self.name = f"{url}/v1/tenants/{tenant}", path, name
        self.session = None  # with the server; None: register first
        self.state = {"node": str(uuid.uuid4()), "hlc": 0, "clock": {}, "cursor": None, "own": [],
                      "acked": 0, "markers": {}, "stable": 0, "rows": []}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.state = json.load(file)
        self.rows = {(table, row): heads for table, row, heads in self.state["rows"]}

    def save(self):
        self.state["rows"] = [[*key, heads] for key, heads in self.rows.items()]
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            json.dump(self.state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.path + ".new", self.path)

    def get(self, table, row):
        """What every replica shows under the policies `lww` and `causal`: the latest head."""
        winner = max(self.rows.get((table, row), []), default=None,
                     key=lambda head: (head["hlc"], head["origin"], head["seq"]))
        there = winner is not None and winner["operation"] != "delete"
        return json.loads(base64.b64decode(winner["data_base64"])) if there else None

    def conflicts(self):
        """The rows that have several heads: nobody has written them having seen all."""
        return [key for key, heads in self.rows.items() if len(heads) > 1]

    def put(self, table, row, value):
        heads = self.rows.get((table, row), [])
        present = any(head["operation"] != "delete" for head in heads)
        payload = {"format": "json", "data_base64": base64.b64encode(json.dumps(value).encode()).decode()}
        self._write("update" if present else "insert", table, row, payload)

    def delete(self, table, row):
        self._write("delete", table, row, {})

    resolve = put  # a write has seen all heads, so it settles what they disagree on

    def _write(self, operation, table, row, payload):
        state, seen = self.state, {}
        for head in self.rows.get((table, row), []):
            for origin, seq in [*head["context"].items(), (head["origin"], head["seq"])]:
                seen[origin] = max(seq, seen.get(origin, 0))
        covered = state["markers"].get(str(state["stable"]), {})
        hlc = max(time.time_ns() // 1000 << 12, state["hlc"] + 1)
        change = {"origin": state["node"], "seq": len(state["own"]) + 1, "hlc": hlc_text(hlc),
                  "operation": operation, "table": table, "row_id": row, "stable": state["stable"],
                  "context": {o: s for o, s in seen.items() if s > covered.get(o, 0)}, **payload}
        state["own"].append(change)  # never altered from here on
        self._integrate(change)
        self.save()

    def _saw(self, later, earlier):
        origin, seq = earlier["origin"], earlier["seq"]
        marker = self.state["markers"].get(str(later["stable"]), {})
        return later["context"].get(origin, 0) >= seq or marker.get(origin, 0) >= seq

    def _integrate(self, change):
        state, origin, seq = self.state, change["origin"], change["seq"]
        if state["clock"].get(origin, 0) >= seq:
            return  # a duplicate
        state["clock"][origin] = seq
        state["hlc"] = max(state["hlc"], hlc_number(change["hlc"]))
        if change["operation"] == "stable":  # what it covers counts as seen by who names it
            state["stable"] = change["stable"]
            state["markers"][str(change["stable"])] = change["context"]
        elif change["operation"] != "void":
            key = change["table"], change["row_id"]
            heads = self.rows.get(key, [])
            if not any(self._saw(head, change) for head in heads):
                self.rows[key] = [head for head in heads if not self._saw(change, head)] + [change]

    def sync(self, batch=1000):
        """One round: everything goes over that either side lacks. After an error: call it again."""
        state, more = self.state, True
        while more or state["acked"] < len(state["own"]):
            cursor, clock = state["cursor"], state["clock"]
            body = {"node_id": state["node"], "session": self.session,
                    "heartbeat": {"clock": clock, "cursor": cursor},
                    "pull": {"cursor": cursor, "have": clock, "limit": batch, "payload": "base64"}}
            if self.session is None:
                body["register"] = {"protocol": [1], "name": self.name, "clock": clock}
            elif state["acked"] < len(state["own"]):
                body["push"] = {"changes": state["own"][state["acked"]:state["acked"] + batch]}
            try:
                more = self._on_answer(self.request("POST", "sync/exchange", body))
            except Problem as problem:
                self.session = None  # register before anything else
                if problem.code != "peer_stale":  # that is: the server was started anew
                    raise

    def _on_answer(self, answer):
        state, node = self.state, self.state["node"]
        known = answer["known"] if isinstance(answer["known"], int) else answer["known"][0]
        if known > len(state["own"]):  # this file is a copy, or an old one
            raise Problem({"code": "replica_rewound", "detail": f"somebody else writes as {node}"})
        for part in ("register", "push", "heartbeat", "pull"):
            if "error" in answer.get(part, {}):
                raise Problem(answer[part]["error"])
        if "register" in answer:
            self.session, state["acked"] = answer["register"]["session"], known
        if "push" in answer:
            state["acked"] = answer["push"]["acked"].get(node, 0)
        for change in answer["pull"]["changes"]:
            self._integrate(change)
        state["cursor"] = answer["pull"]["cursor"]
        self.save()  # only now may the next heartbeat acknowledge the page
        for refused in answer.get("push", {}).get("rejected", []):
            raise Problem(refused)
        return answer["pull"]["has_more"]

    def request(self, method, target, body=None, attempts=8):
        """Every request of the protocol may be repeated; so it is, until an answer comes."""
        data, headers = json.dumps(body).encode() if body else None, {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.base}/{target}", data, headers, method=method)
        for attempt in range(1, attempts + 1):
            try:
                with urllib.request.urlopen(request, timeout=75) as answer:
                    return json.load(answer)
            except (OSError, ValueError, http.client.HTTPException) as error:
                problem = Problem(json.load(error)) if hasattr(error, "code") else error
                for_good = getattr(problem, "code", "unavailable") not in ("unavailable", "rate_limited")
                if for_good or attempt == attempts:  # else there was no answer, half of one, or "later"
                    raise problem
            time.sleep(0.05 * 2**attempt)
