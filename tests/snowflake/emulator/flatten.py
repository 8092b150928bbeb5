"""FLATTEN: an array's elements or an object's fields as rows, or with OUTER one empty row where there are none."""

from sqlglot import exp

from .errors import compilation, unsupported

MODES = ("BOTH", "ARRAY", "OBJECT")
MACRO = """
CREATE MACRO emu_flatten(input, with_empty, kind) AS TABLE
SELECT hash(j)::UBIGINT AS SEQ, e.k AS KEY,
    CASE WHEN e.i IS NOT NULL THEN '[' || e.i || ']'
        WHEN e.k IS NULL THEN ''
        WHEN regexp_full_match(e.k, '[A-Za-z_][A-Za-z0-9_$]*') THEN e.k
        ELSE '[''' || e.k || ''']' END AS PATH,
    e.i AS INDEX, e.v AS VALUE, j AS THIS
FROM (
    SELECT j, unnest(CASE WHEN with_empty AND coalesce(len(found), 0) = 0
        THEN [{'k': NULL::VARCHAR, 'i': NULL::BIGINT, 'v': NULL::JSON}] ELSE found END) AS e
    FROM (
        SELECT j, CASE
            WHEN json_type(j) = 'ARRAY' AND kind <> 'OBJECT' THEN list_transform(json_extract(j, '$[*]'),
                lambda v, n: {'k': NULL::VARCHAR, 'i': n::BIGINT - 1, 'v': v})
            WHEN json_type(j) = 'OBJECT' AND kind <> 'ARRAY' THEN list_transform(json_keys(j), lambda k:
                {'k': k, 'i': NULL::BIGINT, 'v': json_extract(j,
                    '$."' || replace(replace(k, chr(92), chr(92) || chr(92)), '"', chr(92) || '"') || '"')})
        END AS found
        FROM (SELECT to_json(input) AS j)
    )
)
"""


def checked(call: exp.Explode) -> tuple[exp.Expression, bool, str]:
    """The arguments of a FLATTEN: what is flattened, OUTER, MODE."""
    given: dict[str, exp.Expression] = {}
    for number, each in enumerate([call.this, *call.expressions]):
        named = isinstance(each, exp.Kwarg)
        name = each.this.name.upper() if named else "INPUT"
        if name not in ("INPUT", "PATH", "OUTER", "RECURSIVE", "MODE") or name in given or (number and not named):
            raise compilation(f"invalid argument '{name}' for function 'FLATTEN'", 1015, "22023")
        given[name] = each.expression if named else each
    if "INPUT" not in given:
        raise compilation("missing argument 'INPUT' for function 'FLATTEN'", 1015, "22023")
    flags = {name: given.pop(name, exp.false()) for name in ("OUTER", "RECURSIVE")}
    for name, flag in flags.items():
        if not isinstance(flag, exp.Boolean):
            raise compilation(f"argument '{name}' for function 'FLATTEN' needs to be constant", 1015, "22023")
    mode = given.pop("MODE", exp.Literal.string("BOTH")).name.upper()
    if mode not in MODES:
        raise compilation(f"invalid value '{mode}' for argument 'MODE' of function 'FLATTEN'", 1015, "22023")
    if flags["RECURSIVE"].this or "PATH" in given:
        raise unsupported("FLATTEN with RECURSIVE or PATH")
    return given["INPUT"], bool(flags["OUTER"].this), mode


def marked(node: exp.Expression) -> exp.Expression:
    """Before fakesnow, which takes the first argument and forgets the others: they are put into the first."""
    if not isinstance(node, exp.Explode):
        return node
    inner, outer, mode = checked(node)
    words = [inner, exp.Boolean(this=outer), exp.Literal.string(mode)]
    node.set("this", exp.Anonymous(this="emu_flatten", expressions=words))
    node.set("expressions", [])
    return node


def placed(tree: exp.Expression) -> None:
    """After fakesnow: its macro gives way to ours."""
    for call in tree.find_all(exp.Anonymous):
        if call.name == "_fs_flatten":
            call.replace(call.expressions[0])
