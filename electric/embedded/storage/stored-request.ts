import type { ShapeDefinition } from '../catalog/shape-definition.ts'

type DefinitionRequest = ShapeDefinition['request']

/** What was asked for, as text from which it can be asked for again. */
export function writeRequest({ params, ...rest }: DefinitionRequest): string {
  return JSON.stringify({ ...rest, params: [...params] })
}

export function readRequest(text: string): DefinitionRequest {
  const { params, ...rest } = JSON.parse(text)
  return { ...rest, params: new Map(params) }
}

/** What the table made of it: with another one the rows in storage are those of another shape. */
export function signatureOf({ key, columns, relation }: ShapeDefinition): string {
  const types = columns.map(({ name, typeOid, typeModifier }) => [name, typeOid, typeModifier])
  return JSON.stringify([key, types, relation.publishedAs])
}
