"""Every code that building a flow can give: what it means, what to do. Those of reading are in `definition.codes`.

One table feeds the findings' severities and the reference page. `error` is for
what the platform refuses to save or what can never work; `warning` for what
saves but is most likely not meant; `note` for what a reader should know.
"""

from __future__ import annotations

from dataclasses import dataclass

from runafter.errors import Severity


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """One row: `title` is a short phrase, `meaning` the fault, `remedy` the next thing to do."""

    title: str
    meaning: str
    remedy: str
    severity: Severity = "error"


CODES: dict[str, CodeInfo] = {
    # Expressions
    "EXP000": CodeInfo("expression is faulty", "An expression cannot be read or evaluated.", "See the message."),
    "EXP001": CodeInfo(
        "expression is malformed",
        "The text after '@' is no expression of the language.",
        "Correct it at the caret; double '@@' when the text is meant literally.",
    ),
    "EXP002": CodeInfo(
        "wrong number of arguments",
        "A function is called with more or fewer arguments than it takes.",
        "Give as many arguments as the function's page says; the flow saves, but the action fails.",
        "warning",
    ),
    "EXP003": CodeInfo(
        "unknown function",
        "No function of the language has this name.",
        "Use the nearest name, or the action that does it (Filter array, Select, Join).",
    ),
    "EXP004": CodeInfo(
        "argument has the wrong type",
        "A literal argument is of a type that the function never takes.",
        "Convert it first: int(), string(), json().",
        "warning",
    ),
    "EXP005": CodeInfo(
        "expression nests too deep",
        "The expression has more levels of brackets than can be evaluated.",
        "Split it over Compose actions.",
    ),
    "EXP006": CodeInfo(
        "text begins with '@'",
        "A string begins with '@' but is no call, such as a placeholder; it is taken as text.",
        "Double the '@' when the text is meant; the platform may refuse it otherwise.",
        "warning",
    ),
    "EXP007": CodeInfo(
        "value can never have the needed type",
        "A condition that is text and no expression is no boolean; a loop over text or an object has no items.",
        "Write the expression alone, without `@{ }` and without text around it: @equals(a, b), @body('Get_items')?['value'].",
        "warning",
    ),
    "EXP010": CodeInfo(
        "not the workflow language",
        "The expression uses an operator or a function of another language.",
        "Write it with functions: equals(a, b), and(a, b), not(a), length(body('Filter_array')).",
    ),
    "EXP020": CodeInfo(
        "reference out of scope",
        "The expression reads an action that cannot have run when it is evaluated.",
        "Run after that action, or move the reading action to where the other is settled.",
    ),
    "EXP100": CodeInfo(
        "expression fails with these values",
        "The expression is well formed but cannot be evaluated.",
        "See the message; `runafter eval --explain` shows the value of each part.",
    ),
    # The run-after graph
    "GRF001": CodeInfo(
        "run-after cycle",
        "Actions wait for each other, so none of them ever starts.",
        "Remove one run-after entry of the path shown.",
    ),
    "GRF002": CodeInfo(
        "run-after names no action",
        "An action waits for one that does not exist.",
        "Correct the name or remove the entry.",
    ),
    "GRF003": CodeInfo(
        "run-after names no sibling",
        "An action waits for one in another scope, branch or loop.",
        "Wait for the container of that action, which is the sibling.",
    ),
    "GRF004": CodeInfo(
        "unknown run-after status",
        "A run-after entry lists something else than Succeeded, Failed, Skipped and TimedOut, or nothing.",
        "List at least one of the four statuses.",
    ),
    # References
    "REF001": CodeInfo("unknown action", "An expression names an action that does not exist.", "Correct the name."),
    "REF002": CodeInfo(
        "unknown variable", "A variable is used that no action initializes.", "Initialize it at the top of the flow."
    ),
    "REF003": CodeInfo(
        "unknown parameter", "An expression names a parameter that is not declared.", "Declare it in 'parameters'."
    ),
    "REF004": CodeInfo(
        "loop does not enclose",
        "items() or iterationIndexes() names a loop that is not around the action.",
        "Name an enclosing loop.",
    ),
    "REF005": CodeInfo(
        "item() outside of a loop",
        "item() is used where no Foreach, Filter array or Select gives an item.",
        "Use items('Loop') inside the loop, or move the expression.",
        "warning",
    ),
    "REF006": CodeInfo(
        "appsetting() outside of Standard",
        "Only Logic Apps Standard has application settings.",
        "Use a parameter.",
    ),
    "REF007": CodeInfo(
        "template value is not resolved",
        "An ARM template expression could not be resolved, so the text itself is used.",
        "Give the template's parameters.",
        "note",
    ),
    "REF008": CodeInfo(
        "unknown static result",
        "An action switches on a static result that the definition does not hold.",
        "Add it to 'staticResults' or switch it off.",
    ),
    "REF009": CodeInfo(
        "variable may not be set yet",
        "A variable is read by an action that does not wait for the one that initializes it.",
        "Run after the Initialize variable action.",
        "warning",
    ),
    "REF010": CodeInfo(
        "result() needs a container",
        "result() names an action that holds no others.",
        "Name a Scope, Condition, Switch or loop.",
    ),
    "REF011": CodeInfo(
        "action() has no action to read",
        "action() gives the record of the action at hand, which is there only once it has ended.",
        "Use it in tracked properties or in a webhook's unsubscribe part; elsewhere name an action: actions('X').",
        "warning",
    ),
    # Actions
    "ACT001": CodeInfo("unknown type", "No action or trigger has this type.", "Correct the type."),
    "ACT002": CodeInfo("required field is missing", "The action cannot be saved without it.", "Add the field."),
    "ACT003": CodeInfo(
        "misplaced action",
        "The action is not allowed where it stands.",
        "Move it: Initialize variable to the top, Terminate out of loops.",
    ),
    "ACT004": CodeInfo(
        "two names are the same", "Two actions have names that differ by letter case only.", "Rename one."
    ),
    "ACT005": CodeInfo("value is not allowed", "The field does not take this value.", "Use one of those listed."),
    "ACT006": CodeInfo(
        "needs a handler",
        "Runafter does not perform this type by itself.",
        "Mock the action, give it a static result, or configure a handler.",
        "note",
    ),
    "ACT008": CodeInfo("wrong shape", "An object stands where another form is needed, or the reverse.", "Correct it."),
    "ACT009": CodeInfo(
        "case stands twice", "Two cases of a Switch have the same value; the first one counts.", "Remove one."
    ),
    "ACT010": CodeInfo(
        "no trigger", "The definition has no trigger, so nothing starts it.", "Add a trigger.", "warning"
    ),
    "ACT011": CodeInfo(
        "retry policy is refused", "The retry policy's type, count or interval is outside the limits.", "Correct it."
    ),
    "ACT012": CodeInfo(
        "condition on an action",
        "The preview schema of 2015 let an action have a condition of its own, which is not supported.",
        "Put the action into an If.",
    ),
    "ACT013": CodeInfo(
        "unknown property",
        "Actions of this type have no such property; what it says has no effect, and the platform refuses it.",
        "Remove it, or write what was meant: runAfter for dependsOn, a Foreach around what has a foreach.",
        "warning",
    ),
    # Triggers
    "TRG010": CodeInfo("recurrence is refused", "The schedule cannot be read or is outside the limits.", "Correct it."),
    "TRG011": CodeInfo(
        "both single instance and concurrency",
        "SingleInstance and runtimeConfiguration.concurrency exclude each other.",
        "Keep one.",
    ),
    "TRG012": CodeInfo(
        "split-on with a synchronous response",
        "A trigger that splits cannot answer its caller.",
        "Remove splitOn or the Response.",
        "warning",
    ),
    # Variables
    "VAR001": CodeInfo("variable initialized twice", "Two actions initialize one variable.", "Remove one."),
    "VAR002": CodeInfo(
        "variable set from itself",
        "Set variable may not read the variable it sets.",
        "Use Append, Increment or a Compose before it.",
    ),
    "VAR003": CodeInfo(
        "value has the wrong type", "A literal does not fit the variable's type.", "Correct the value or the type."
    ),
    "VAR004": CodeInfo(
        "operation does not fit the variable",
        "The variable's type does not take this operation.",
        "Use the operation of that type.",
    ),
    "VAR005": CodeInfo(
        "unknown variable type",
        "A variable is Boolean, Integer, Float, String, Array or Object.",
        "Use one of the six types.",
    ),
    # Limits of the platform
    "LIM010": CodeInfo("too many actions", "The flow has more actions than a flow may have.", "Split it.", "warning"),
    "LIM011": CodeInfo(
        "nested too deep", "Actions nest deeper than allowed.", "Move a part to a child flow.", "warning"
    ),
    "LIM012": CodeInfo("name too long", "A name is longer than allowed.", "Shorten it.", "warning"),
    "LIM013": CodeInfo(
        "expression too long", "An expression is longer than allowed.", "Split it over Compose actions.", "warning"
    ),
    "LIM014": CodeInfo(
        "too many cases", "A Switch has more cases than allowed.", "Nest switches or look it up.", "warning"
    ),
    "LIM015": CodeInfo("too many variables", "The flow has more variables than allowed.", "Use objects.", "warning"),
    "LIM016": CodeInfo("too many parameters", "The flow has more parameters than allowed.", "Use objects.", "warning"),
    "LIM017": CodeInfo("too many outputs", "The flow has more outputs than allowed.", "Use objects.", "warning"),
    "LIM018": CodeInfo("loop limit too high", "An Until may not repeat so often.", "Lower limit.count."),
    "LIM019": CodeInfo("too many triggers", "The flow has more triggers than allowed.", "Split it.", "warning"),
    "LIM020": CodeInfo("text too long", "A description is longer than allowed.", "Shorten it.", "warning"),
    "LIM021": CodeInfo(
        "concurrency outside the limits",
        "A loop takes 1 to 50 repetitions at a time, a trigger 1 to 100 runs.",
        "Give a number inside the limits.",
    ),
    # Connectors
    "CAT001": CodeInfo(
        "unknown connector",
        "The facts at hand hold no connector of this name; a warning where it looks misspelt.",
        "Correct the name; a run needs a mock for it.",
        "note",
    ),
    "CAT002": CodeInfo(
        "unknown operation",
        "The facts at hand hold no such operation of the connector; a warning where it looks misspelt.",
        "Correct the operation; a run needs a mock for it.",
        "note",
    ),
    "CAT003": CodeInfo(
        "required parameter is missing", "The operation needs this parameter.", "Give the parameter.", "warning"
    ),
    "CAT004": CodeInfo(
        "unknown parameter of an operation", "The operation does not take this parameter.", "Remove it.", "warning"
    ),
    # The whole
    "DEF100": CodeInfo(
        "definition cannot be built", "The flow has findings of severity error.", "Correct those that are listed."
    ),
}
