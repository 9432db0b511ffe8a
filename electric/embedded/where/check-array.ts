import type { Node } from 'libpg-query'
import { castValue } from './casts.ts'
import { castTarget, castTo } from './check-cast.ts'
import { type Context, checkNode } from './check-context.ts'
import { asValue, commonType } from './coercion.ts'
import type { Checked, Value } from './expression.ts'
import { locationOf } from './syntax.ts'
import { refuse } from './where-error.ts'

/** The elements of `ARRAY[…]` and `ARRAY[…]::type[]`; null for an array of any other kind. */
export function checkElements(context: Context, node: Node | undefined): readonly Value[] | null {
  if (!node) return null
  if ('A_ArrayExpr' in node) {
    const { elements = [], location } = node.A_ArrayExpr
    return unify(context, checkAll(context, elements), locationOf(location))
  }
  if (!('TypeCast' in node)) return null
  const { arg, typeName = {} } = node.TypeCast
  const { element } = castTarget(typeName)
  if (!arg || !('A_ArrayExpr' in arg) || !element) return null
  return checkAll(context, arg.A_ArrayExpr.elements ?? []).map((each) => castTo(context, each, element))
}

function checkAll(context: Context, elements: readonly Node[]): Checked[] {
  return elements.map((element) => {
    if ('A_ArrayExpr' in element) {
      return refuse(locationOf(element.A_ArrayExpr.location), 'A_ArrayExpr is not supported in this context')
    }
    return checkNode(context, element)
  })
}

function unify({ params }: Context, elements: readonly Checked[], location: number): Value[] {
  if (elements.length === 0) refuse(location, 'cannot determine type of empty array')
  const type = commonType(elements) ?? mismatch(elements, location)
  return elements.map((element) => castValue(asValue(params, element, type), type))
}

function mismatch(elements: readonly Checked[], location: number): never {
  const names = new Set(elements.map((element) => ('type' in element ? element.type.name : 'unknown')))
  const [first, second] = names
  return refuse(location, `ARRAY types ${first} and ${second} cannot be matched`)
}
