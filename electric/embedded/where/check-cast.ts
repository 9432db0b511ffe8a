import type { TypeCast, TypeName } from 'libpg-query'
import { castValue } from './casts.ts'
import { type Context, checkNode } from './check-context.ts'
import { resolveUnknown } from './coercion.ts'
import type { Checked, Value } from './expression.ts'
import { asIdentifier } from './scope.ts'
import { locationOf, namesOf } from './syntax.ts'
import { arrayOf, type SqlType, typeByName } from './types.ts'
import { refuse } from './where-error.ts'

export function checkCast(context: Context, { arg, typeName }: TypeCast): Value {
  const type = castTarget(typeName ?? {})
  return castTo(context, checkNode(context, arg), type)
}

/** As written in a clause: to a type that a literal may have. */
export function castTo({ params }: Context, checked: Checked, type: SqlType): Value {
  return checked.kind === 'unknown' ? resolveUnknown(params, checked, type) : castValue(checked, type)
}

/** A modifier, as in varchar(3), would change the value. */
export function castTarget({ names, arrayBounds, typmods, setof, pct_type, location }: TypeName): SqlType {
  const path = namesOf(names)
  const name = path.length === 2 && path[0] === 'pg_catalog' ? path[1] : path[0]
  const isPlain = path.length <= 2 && (path.length === 1 || path[0] === 'pg_catalog') && !setof && !pct_type
  const type = isPlain && !typmods ? typeByName(name ?? '') : null
  if (!type) {
    const shown = path
      .filter((part) => part !== 'pg_catalog')
      .map(asIdentifier)
      .join('.')
    return refuse(locationOf(location), `unsupported type ${shown}${typmods ? ' with a modifier' : ''}`)
  }
  return arrayBounds ? arrayOf(type) : type
}
