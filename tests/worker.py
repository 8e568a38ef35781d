"""Drives the Azure Functions worker's own library the way the host does, and prints what it did.

Run in a process of its own, as the library's state is global: index the app in the current folder,
run the timer `run`, then ask `status` and `healthz`. The host speaks protobuf; the library only needs
objects with the same fields, so plain namespaces stand in for the messages.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as worker


class Message(SimpleNamespace):
    """A protobuf message: any field, and which one of a group is set."""

    def WhichOneof(self, group: str) -> str | None:  # noqa: N802 - protobuf's name
        return "data" if group == "rpc_data" else next(iter(vars(self)), None)


class StatusResult(Message):
    Success, Failure = "success", "failure"


class BindingInfo(Message):
    # `in` is a keyword, so protobuf's own classes are read with getattr too.
    out, inout, undefined = 1, 2, 0


class RpcFunctionMetadata(Message):
    @property
    def bindings(self) -> Any:
        return vars(self).setdefault("_bindings", {})


class Protos:
    StatusResult, BindingInfo = StatusResult, BindingInfo

    def __getattr__(self, name: str) -> type[Message]:
        return Message


def message(kind: str, **fields: Any) -> Any:
    """One message from the host, in its envelope."""
    return SimpleNamespace(
        request=SimpleNamespace(**{kind: Message(**fields)}),
        properties={"host": "127.0.0.1", "protos": Protos()},
    )


async def invoke(function: Any, name: str, data: Message) -> Any:
    return await worker.invocation_request(
        message(
            "invocation_request",
            invocation_id="1",
            function_id=function.function_id,
            input_data=[Message(name=name, data=data)],
            trigger_metadata={},
            trace_context=Message(trace_parent="", trace_state="", attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
        )
    )


async def main() -> dict[str, Any]:
    worker.start_threadpool_executor()
    started = await worker.worker_init_request(
        message(
            "worker_init_request",
            capabilities={},
            function_app_directory=str(Path.cwd()),
        )
    )
    if started.result.status != StatusResult.Success:
        return {"init": str(started.result.exception)}
    listed = await worker.functions_metadata_request(message("functions_metadata_request"))
    functions = {f.name: f for f in listed.function_metadata_results}
    timer = Message(json=json.dumps({"IsPastDue": False, "Schedule": {}, "ScheduleStatus": None}))
    ran = await invoke(functions["run"], "timer", timer)
    answers = {}
    for name in ("status", "healthz"):
        request = Message(
            http=Message(
                method="GET",
                url=f"http://127.0.0.1/api/{name}",
                headers={},
                params={},
                query={},
                body=Message(),
            )
        )
        answered = await invoke(functions[name], "req", request)
        if answered.result.status != StatusResult.Success:
            answers[name] = [answered.result.status, str(answered.result.exception)]
            continue
        http = answered.return_value.http
        answers[name] = [answered.result.status, http.status_code, http.body.bytes.decode()]
    return {
        "init": "success",
        "functions": sorted(functions),
        "run": [ran.result.status, str(getattr(ran.result, "exception", ""))],
        **answers,
    }


if __name__ == "__main__":
    json.dump(asyncio.run(main()), sys.stdout)
