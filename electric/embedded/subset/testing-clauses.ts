import fc from 'fast-check'

/** Expressions of many forms over a table's columns, most of them sensible. */
const { condition } = fc.letrec<{ condition: string; number: string; text: string }>((tie) => ({
  number: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('id', 'score', '0', '7', '-3', '2.5', '$1', "'4'", 'NULL'),
    tuple('(', tie('number'), fc.constantFrom(' + ', ' - ', ' * ', ' / ', ' ^ '), tie('number'), ')'),
    tuple(fc.constantFrom('- ', '+ ', '@ '), tie('number')),
    tuple(fc.constantFrom('greatest', 'LEAST', 'coalesce'), '(', tie('number'), ', ', tie('number'), ')'),
    tuple(tie('number'), fc.constantFrom('::int', '::float8', '::int8')),
  ),
  text: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('title', "''", "'it''s'", "'a\\b'", '$2', "E'\\n'", 'code', "'%'"),
    tuple(fc.constantFrom('lower', 'UPPER'), '(', tie('text'), ')'),
    tuple('concat(', tie('text'), ', ', tie('number'), ')'),
    tuple('(', tie('text'), ' || ', tie('text'), ')'),
    tuple(fc.constantFrom('id', 'mood', 'uid', 'at', 'done'), '::text'),
    tuple('tags[', fc.constantFrom('1', '2'), ']'),
  ),
  condition: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    tuple(tie('number'), fc.constantFrom(' = ', ' <> ', ' < ', '>=', ' != '), tie('number')),
    tuple(tie('text'), fc.constantFrom(' = ', ' < ', ' LIKE ', ' NOT ILIKE '), tie('text')),
    tuple(tie('number'), fc.constantFrom('', ' NOT'), ' BETWEEN ', tie('number'), ' AND ', tie('number')),
    tuple(tie('number'), fc.constantFrom(' IN (', ' NOT IN ('), tie('number'), ', ', tie('number'), ')'),
    tuple(tie('text'), fc.constantFrom(' IS NULL', ' IS NOT NULL')),
    tuple(tie('number'), fc.constantFrom(' IS ', ' IS NOT '), 'DISTINCT FROM ', tie('number')),
    fc.constantFrom(
      'done',
      'true',
      'mood = $3',
      "id = ANY('{1,2}')",
      'id = ANY(ARRAY[1, 2])',
      "tags @> '{a}'",
    ),
    tuple(tie('condition'), fc.constantFrom(' AND ', ' OR '), tie('condition')),
    tuple('(', tie('condition'), ')', fc.constantFrom('', ' IS TRUE', ' IS NOT UNKNOWN', ' = done')),
    tuple('NOT (', tie('condition'), ')'),
  ),
}))

export { condition }

export const PARAMS = { 1: '5', 2: 'Title 3', 3: 'sad' }

const HOSTILE = [
  ...[';', '--', '/*', '*/', '(', ')', ',', "'", '"', '$$', '$1', '$9', '::', '.', '*', '[', ']', '%', '@@@'],
  ...[
    'SELECT',
    'FROM',
    'canary',
    'UNION',
    'JOIN',
    'WHERE',
    'ORDER BY',
    'LIMIT 1',
    'FOR UPDATE',
    'INTO x',
    'CASE',
  ],
  ...[
    'shout',
    'shout()',
    'public.',
    'pg_catalog.',
    'pg_sleep(9)',
    'nextval',
    "'canary'::regclass",
    'OPERATOR(public.=)',
  ],
  ...[
    'lower(',
    'canary.id',
    'items.*',
    'ctid',
    'now()',
    'CURRENT_USER',
    'COLLATE "C"',
    'AT TIME ZONE',
    'VARIADIC',
  ],
  ...[
    '(SELECT id FROM canary)',
    'EXISTS',
    'ANY',
    'ARRAY',
    'NOT',
    'AND',
    'OR',
    'ESCAPE',
    'USING',
    'NULLS',
    "U&'",
    "E'",
  ],
]

/** Conditions with something foreign in them, or something of their own left out or said twice. */
export const mutated = fc
  .tuple(condition, fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom(...HOSTILE)), { maxLength: 4 }))
  .map(([text, changes]) => {
    const tokens = text.split(/(\s+|[(),])/).filter((token) => token !== '')
    for (const [where, kind, foreign] of changes) {
      const at = where % (tokens.length + 1)
      if (kind === 0) tokens.splice(at, 1)
      else if (kind === 1) tokens.splice(at, 0, tokens[at] ?? foreign)
      else tokens.splice(at, kind === 2 ? 0 : 1, ` ${foreign} `)
    }
    return tokens.join('')
  })

function tuple(...parts: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> {
  const texts = parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))
  return fc.tuple(...texts).map((each) => each.join(''))
}
