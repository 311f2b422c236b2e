"""Actions that go outside: HTTP, connectors of all dialects, child flows, functions, webhooks, scripts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runafter.program.actions.base import Making
from runafter.program.part import is_dynamic
from runafter.program.retry import NO_RETRY, RetryFault, RetryPolicy, default_policy, parse_policy
from runafter.program.steps import CallStep
from runafter.program.targets import find_target
from runafter.values.wholes import whole


@dataclass(frozen=True, slots=True)
class CallType:
    """What a calling type needs in `inputs`; `refused` says why it cannot be performed without a handler."""

    required: tuple[str, ...] = ()
    retries: bool = True
    webhook: bool = False
    refused: str | None = None


_B2B = "it needs an integration account"
_MODEL = "it needs a language model"
_DOCUMENT = "it needs the document service"
_SCRIPT = "it runs code of another platform"

CALLS: dict[str, CallType] = {
    "Http": CallType(("method", "uri")),
    "HttpWebhook": CallType(("subscribe",), webhook=True),
    "ApiConnection": CallType(("host", "method", "path")),
    "ApiConnectionWebhook": CallType(("host", "path"), webhook=True),
    "ApiConnectionNotification": CallType(("host",), webhook=True),
    "OpenApiConnection": CallType(("host",)),
    "OpenApiConnectionWebhook": CallType(("host",), webhook=True),
    "OpenApiConnectionNotification": CallType(("host",), webhook=True),
    "ServiceProvider": CallType(("serviceProviderConfiguration",)),
    "ApiManagement": CallType(()),
    "ApiApp": CallType(()),
    "Function": CallType(("function",)),
    "InvokeFunction": CallType(("functionName",)),
    "Workflow": CallType(("host",)),
    "InvokeWorkflow": CallType(("host",)),
    "SendToBatch": CallType(("batchName", "content")),
    "JavaScriptCode": CallType(("code",), retries=False, refused=_SCRIPT),
    "CSharpScriptCode": CallType(("CodeFile",), retries=False, refused=_SCRIPT),
    "PowerShellCode": CallType(("CodeFile",), retries=False, refused=_SCRIPT),
    "Xslt": CallType(("content",), retries=False),
    "Liquid": CallType(("content",), retries=False, refused="it needs a Liquid template engine"),
    "XmlValidation": CallType(("content",), retries=False, refused=_B2B),
    "XmlParse": CallType(("content",), retries=False, refused=_B2B),
    "XmlCompose": CallType(("content",), retries=False, refused=_B2B),
    "FlatFileEncoding": CallType(("content",), retries=False, refused=_B2B),
    "FlatFileDecoding": CallType(("content",), retries=False, refused=_B2B),
    "IntegrationAccountArtifactLookup": CallType(("artifactName", "artifactType"), retries=False, refused=_B2B),
    "RuleExecution": CallType((), retries=False, refused="it needs the rules engine"),
    "Rosettanet": CallType((), retries=False, refused=_B2B),
    "RosettaNetEncode": CallType((), retries=False, refused=_B2B),
    "RosettaNetDecode": CallType((), retries=False, refused=_B2B),
    "SwiftEncode": CallType((), retries=False, refused=_B2B),
    "SwiftDecode": CallType((), retries=False, refused=_B2B),
    "SwiftMTEncode": CallType((), retries=False, refused=_B2B),
    "SwiftMTDecode": CallType((), retries=False, refused=_B2B),
    "AS2Encode": CallType((), retries=False, refused=_B2B),
    "AS2Decode": CallType((), retries=False, refused=_B2B),
    "X12Encode": CallType((), retries=False, refused=_B2B),
    "X12Decode": CallType((), retries=False, refused=_B2B),
    "X12BatchEncode": CallType((), retries=False, refused=_B2B),
    "EdifactEncode": CallType((), retries=False, refused=_B2B),
    "EdifactDecode": CallType((), retries=False, refused=_B2B),
    "EdifactBatchEncode": CallType((), retries=False, refused=_B2B),
    "Hl7Encode": CallType((), retries=False, refused=_B2B),
    "Hl7Decode": CallType((), retries=False, refused=_B2B),
    "Agent": CallType((), retries=False, refused=_MODEL),
    "AgentHandoff": CallType(("name",), retries=False, refused=_MODEL),
    "ChunkText": CallType(("text",), retries=False, refused=_DOCUMENT),
    "ParseDocument": CallType(("content",), retries=False, refused=_DOCUMENT),
    "DataMapper": CallType((), retries=False, refused="it needs a Data Mapper map"),
    "McpClientTool": CallType((), retries=False, refused=_MODEL),
}

SCRIPTS = frozenset({"JavaScriptCode", "CSharpScriptCode", "PowerShellCode"})
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")


def make_call(making: Making) -> CallStep:
    call = CALLS[making.type]
    if making.inputs is not None or call.required:
        making.require(*call.required)
    inputs = making.inputs
    if making.type == "Http" and inputs is not None:
        making.choice(inputs.get("method"), _METHODS, "HTTP method")
    if call.refused is not None:
        making.report("ACT006", f"{making.type} needs a handler: {call.refused}")
    target = find_target(making.draft, making.type, making.part)
    closing = inputs.get("unsubscribe") if inputs is not None and call.webhook else None
    calling = inputs
    if making.type == "HttpWebhook" and inputs is not None and inputs.has("subscribe"):
        calling = inputs.get("subscribe")
    retry, retry_template = _retry(making, call, calling)
    items = making.part.at("runtimeConfiguration", "paginationPolicy", "minimumItemCount")
    transfer = making.part.at("runtimeConfiguration", "contentTransfer", "transferMode")
    return CallStep(
        **making.common(),
        target=target,
        inputs=making.draft.without(calling, making.site, "unsubscribe"),
        retry=retry,
        retry_template=retry_template,
        waits_for_signal=call.webhook,
        unsubscribe=making.template(closing, "closing") if closing is not None else None,
        async_pattern=not making.has_option("DisableAsyncPattern"),
        minimum_items=_whole(making, items),
        chunked=transfer is not None and str(transfer.value).casefold() == "chunked",
        refusal=f"{making.type} needs a handler: {call.refused}" if call.refused else None,
        options=_options(making),
    )


def _retry(making: Making, call: CallType, calling: Any) -> tuple[RetryPolicy, Any]:
    """Return the policy, and its template where the author computes it when the flow runs."""
    written = calling.get("retryPolicy") if calling is not None else None
    if written is None:
        written = making.part.get("retryPolicy")
    if written is None:
        return (default_policy(making.draft.profile) if call.retries else NO_RETRY), None
    texts = [str(part.value) for _, part in written.members()] if written.is_object else [str(written.value)]
    if any(is_dynamic(text) for text in texts):
        return default_policy(making.draft.profile), making.template(written)
    try:
        return parse_policy(written.value, making.draft.profile), None
    except RetryFault as fault:
        place = written.get(fault.field) if fault.field else None
        making.report("ACT011", str(fault), place or written)
        return default_policy(making.draft.profile), None


def _whole(making: Making, part: Any) -> int | None:
    if part is None:
        return None
    value = part.value
    value = whole(value)
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if not (isinstance(value, str) and is_dynamic(value)):
        making.report("ACT005", f"minimumItemCount is {value!r}; a whole number above 0 is needed", part)
    return None


def _options(making: Making) -> dict[str, Any]:
    """What else shapes the call, under names of our own: `operation_options`, chunk sizes, `request_timeout_s`."""
    found: dict[str, Any] = {}
    if options := making.options():
        found["operation_options"] = options
    runtime = making.part.get("runtimeConfiguration")
    if runtime is None:
        return found
    for key, name in (("uploadChunkSize", "upload_chunk_bytes"), ("downloadChunkSize", "download_chunk_bytes")):
        size = runtime.at("contentTransfer", key)
        if size is not None and isinstance(size.value, int):
            found[name] = size.value
    timeout = runtime.at("requestOptions", "timeout")
    if timeout is not None and isinstance(timeout.value, str):
        found["request_timeout"] = timeout.value
    return found
