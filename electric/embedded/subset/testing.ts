import type { Column, Relation } from '../catalog/relation.ts'
import { ProtocolError } from '../http/protocol-error.ts'
import type { SubsetParams } from '../http/subset-params.ts'
import { type CheckedSubset, checkSubset, type SubsetScope } from './index.ts'

export const NOTHING: SubsetParams = { where: null, params: {}, orderBy: null, limit: null, offset: null }

export function column(name: string, typeOid: number, typeName: string, dimensions = 0): Column {
  return {
    name,
    typeOid,
    typeName,
    dimensions,
    typeModifier: -1,
    isNotNull: false,
    isGenerated: false,
    isPublished: true,
    hasBytewiseEquality: true,
    primaryKeyIndex: name === 'id' ? 0 : null,
  }
}

export const ITEMS: Relation = {
  oid: 20_000,
  schema: 'public',
  name: 'items',
  primaryKey: ['id'],
  replicationProblem: null,
  isInPublication: true,
  publishedAs: '1',
  columns: [
    column('id', 23, 'int4'),
    column('title', 25, 'text'),
    column('Done', 16, 'bool'),
    column('tags', 1009, 'text', 1),
    column('at', 1184, 'timestamptz'),
    column('mood', 30_000, 'mood'),
    column('doc', 114, 'json'),
  ],
}

export const EVERYTHING: SubsetScope = { relation: ITEMS, columns: ITEMS.columns, queryableColumns: null }

export function check(subset: Partial<SubsetParams>, scope = EVERYTHING): Promise<CheckedSubset> {
  return checkSubset({ ...NOTHING, ...subset }, scope)
}

/** What a refused subset is told; null for one that is taken. */
export async function refusalOf(subset: Partial<SubsetParams>, scope = EVERYTHING): Promise<unknown> {
  try {
    await check(subset, scope)
    return null
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    const { errors } = error.body as { errors: { subset: unknown } } // every refusal of a subset has this form
    return errors.subset
  }
}
