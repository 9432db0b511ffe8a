/** What the catalog says about one table: all that is needed to validate and serve a shape of it. */
export interface Relation {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly columns: readonly Column[]
  /** In the order of the index; every column when the table has no primary key. */
  readonly primaryKey: readonly string[]
  readonly isInPublication: boolean
  /** Names its membership: one that left the publication and came back has missed changes. */
  readonly publishedAs: string | null
  /** Why changes of this table would not arrive; null when they do. */
  readonly replicationProblem: string | null
}

export interface Column {
  readonly name: string
  readonly typeOid: number
  readonly typeModifier: number
  /** pg_type's name of the column, or of the element for an array. */
  readonly typeName: string
  /** 0 for what is no array. */
  readonly dimensions: number
  readonly isNotNull: boolean
  readonly isGenerated: boolean
  readonly isPublished: boolean
  /** False under a collation that calls different texts equal. */
  readonly hasBytewiseEquality: boolean
  /** 0-based place in the primary key. */
  readonly primaryKeyIndex: number | null
}
