import type { FuncCall } from 'libpg-query'
import { castValue } from './casts.ts'
import { type Context, checkNode } from './check-context.ts'
import { asValue } from './coercion.ts'
import type { CaseFold, Value } from './expression.ts'
import type { CaseFunction, CollationOf } from './letters.ts'
import { asIdentifier } from './scope.ts'
import { locationOf, namesOf } from './syntax.ts'
import { TEXT } from './types.ts'
import { refuse } from './where-error.ts'

/** Of all functions those two whose result is certain. */
export function checkFunction(context: Context, call: FuncCall): Value {
  const location = locationOf(call.location)
  const path = namesOf(call.funcname)
  const name = path.length === 2 && path[0] === 'pg_catalog' ? path[1] : path.map(asIdentifier).join('.')
  const args = call.args ?? []
  if ((name !== 'lower' && name !== 'upper') || args.length !== 1) {
    refuse(location, `unknown or unsupported function ${name}/${args.length}`)
  }
  if (Object.keys(call).some((key) => !PLAIN.has(key))) {
    refuse(location, 'aggregation is not supported in this context')
  }
  const arg = asValue(context.params, checkNode(context, args[0]), TEXT)
  if (arg.type.family !== 'string') {
    refuse(location, `Could not select a function overload for ${name}(${arg.type.name})`)
  }
  return caseFold(context, name, castValue(arg, TEXT), location)
}

const PLAIN: ReadonlySet<string> = new Set<keyof FuncCall>(['funcname', 'args', 'funcformat', 'location'])

export function caseFold({ scope }: Context, name: CaseFunction, arg: Value, location: number): CaseFold {
  const column = textColumn(arg)
  const collationOf: CollationOf | null = column === null ? null : { relation: scope.relation, column }
  return { kind: 'fold', name, arg, collationOf, type: TEXT, location }
}

/** The column whose collation a text has; null for one that has come from another type, or is constant. */
function textColumn(value: Value): string | null {
  if (value.type.family !== 'string') return null
  if (value.kind === 'column') return value.name
  return value.kind === 'cast' || value.kind === 'fold' ? textColumn(value.arg) : null
}
