import type {
  A_ArrayExpr,
  A_Const,
  A_Expr,
  A_Indirection,
  BoolExpr,
  BooleanTest,
  ColumnRef,
  FuncCall,
  Node,
  NullTest,
  ParamRef,
  TypeCast,
} from 'libpg-query'
import type { Column } from '../catalog/relation.ts'
import { quoteText } from '../where/literal-sql.ts'
import {
  CAST_TARGETS,
  COLUMN_TYPES,
  FIRST_USER_TYPE,
  FUNCTIONS,
  JOINING,
  OPERATOR_FUNCTIONS,
} from './allowed.ts'
import { columnSql } from './column-sql.ts'
import { constantSql } from './literals.ts'
import { fieldName } from './nodes.ts'
import { operand, operationSql } from './operation-sql.ts'
import { refuse, unsupported } from './refusal.ts'

export interface Scope {
  /** Those that may be named. */
  readonly columns: ReadonlyMap<string, Column>
  readonly params: ReadonlyMap<number, string>
}

// One parameter can be named many thousand times.
const MAX_PARAM_LENGTH = 16 * 1024 * 1024
// Each can add a whole column's text to what Postgres holds for a row.
const MAX_JOINED = 100

/**
 * Writes a filter's tree as SQL, every operation in brackets of its own. Only what is known here is written:
 * what comes out names the table's columns and pg_catalog and nothing else, whatever went in.
 */
export class ExpressionWriter {
  /** Types that the catalog must be asked about, and what to say where one is not allowed. */
  readonly userTypes = new Map<number, string>()
  readonly #scope: Scope
  #paramLength = 0
  #joined = 0

  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** @throws Refusal */
  write(node: Node): string {
    if ('A_Const' in node) return this.#constant(node.A_Const)
    if ('ParamRef' in node) return this.#parameter(node.ParamRef)
    if ('ColumnRef' in node) return this.#typedColumn(node.ColumnRef)
    if ('A_Expr' in node) return this.#operation(node.A_Expr)
    if ('BoolExpr' in node) return this.#logic(node.BoolExpr)
    if ('NullTest' in node) return this.#nullTest(node.NullTest)
    if ('BooleanTest' in node) return this.#booleanTest(node.BooleanTest)
    if ('TypeCast' in node) return this.#cast(node.TypeCast)
    if ('FuncCall' in node) return this.#call(node.FuncCall)
    if ('CoalesceExpr' in node) return `COALESCE(${this.#list(node.CoalesceExpr.args)})`
    if ('MinMaxExpr' in node) {
      const { op, args } = node.MinMaxExpr
      return `${op === 'IS_LEAST' ? 'LEAST' : 'GREATEST'}(${this.#list(args)})`
    }
    if ('A_ArrayExpr' in node) return this.#array(node.A_ArrayExpr)
    if ('A_Indirection' in node) return this.#subscript(node.A_Indirection)
    throw unsupported(node)
  }

  #constant(constant: A_Const): string {
    const sql = constantSql(constant)
    if (sql === null) throw refuse(constant.location, 'BitString is not supported in this context')
    return sql
  }

  #parameter({ number = 0, location }: ParamRef): string {
    const value = this.#scope.params.get(number)
    if (value === undefined) throw refuse(location, `parameter $${number} was not provided`)
    this.#paramLength += value.length
    if (this.#paramLength > MAX_PARAM_LENGTH) throw refuse(location, 'the parameters are too long')
    // Without a type it takes that of what it meets.
    return quoteText(value)
  }

  #column({ fields = [], location }: ColumnRef): Column {
    const name = fields.map(fieldName).join('.')
    const column = fields.length === 1 ? this.#scope.columns.get(name) : undefined
    if (!column) throw refuse(location, `unknown reference ${name}`)
    return column
  }

  #typedColumn(reference: ColumnRef): string {
    const column = this.#column(reference)
    const { name, typeOid } = column
    if (typeOid >= FIRST_USER_TYPE) this.userTypes.set(typeOid, unsupportedType(column))
    else if (!COLUMN_TYPES.has(typeOid)) throw refuse(reference.location, unsupportedType(column))
    return columnSql(name)
  }

  #operation(expression: A_Expr): string {
    if (expression.name?.some((each) => fieldName(each) === '||')) this.#join(1, expression.location)
    return operationSql(expression, (each) => this.write(each))
  }

  #join(count: number, location: number | undefined): void {
    this.#joined += count
    if (this.#joined > MAX_JOINED) throw refuse(location, 'too much is concatenated')
  }

  #logic({ boolop, args = [] }: BoolExpr): string {
    const parts = args.map((each) => this.write(each))
    if (boolop === 'NOT_EXPR') return `(NOT ${parts.join('')})`
    return `(${parts.join(boolop === 'AND_EXPR' ? ' AND ' : ' OR ')})`
  }

  #nullTest({ arg, nulltesttype }: NullTest): string {
    // Of any type: nothing is asked of the value.
    const isColumn = arg !== undefined && 'ColumnRef' in arg
    const subject = isColumn ? columnSql(this.#column(arg.ColumnRef).name) : this.#operand(arg)
    return `(${subject} ${nulltesttype === 'IS_NULL' ? 'IS NULL' : 'IS NOT NULL'})`
  }

  #booleanTest({ arg, booltesttype, location }: BooleanTest): string {
    const test = BOOLEAN_TESTS.get(booltesttype ?? '')
    if (!test) throw refuse(location, 'BooleanTest is not supported in this context')
    return `(${this.#operand(arg)} ${test})`
  }

  #cast({ arg, typeName }: TypeCast): string {
    const { names = [], typmods, setof, pct_type, arrayBounds, location } = typeName ?? {}
    const path = names.map(fieldName)
    const name = path.at(-1) ?? ''
    const isQualified = path.length === 2 && path[0] === 'pg_catalog'
    const isPlain = (path.length === 1 || isQualified) && !typmods && !setof && !pct_type
    if (!isPlain || !CAST_TARGETS.has(name)) {
      throw refuse(location, `unknown or unsupported type ${path.join('.')}`)
    }
    return `(${this.#operand(arg)}::pg_catalog.${name}${arrayBounds ? '[]' : ''})`
  }

  #call(call: FuncCall): string {
    const { funcname = [], args = [], location } = call
    const path = funcname.map(fieldName)
    // AT TIME ZONE is the one that the parser itself qualifies.
    const isSyntax = call.funcformat === 'COERCE_SQL_SYNTAX' && path.join('.') === 'pg_catalog.timezone'
    const name = isSyntax ? 'timezone' : path.join('.')
    const { min = 2, max = 2 } = FUNCTIONS.get(name) ?? {}
    const operator = OPERATOR_FUNCTIONS.get(name)
    const isKnown = operator !== undefined || FUNCTIONS.has(name)
    if (!isKnown || args.length < min || args.length > max || !isPlainCall(call)) {
      throw refuse(location, `unknown or unsupported function ${name}/${args.length}`)
    }
    if (JOINING.has(name)) this.#join(args.length, location)
    if (operator) return `(${args.map((each) => this.write(each)).join(` ${operator} `)})`
    return `pg_catalog.${name}(${this.#list(args)})`
  }

  #array({ elements }: A_ArrayExpr): string {
    return `ARRAY[${this.#list(elements)}]`
  }

  #subscript({ arg, indirection = [] }: A_Indirection): string {
    const subscripts = indirection.map((each) => {
      if (!('A_Indices' in each)) throw unsupported(each)
      const { is_slice, lidx, uidx } = each.A_Indices
      const [low, high] = [lidx, uidx].map((index) => (index ? this.write(index) : ''))
      return `[${is_slice ? `${low}:${high}` : high}]`
    })
    return `((${this.#operand(arg)})${subscripts.join('')})`
  }

  #list(nodes: readonly Node[] = []): string {
    return nodes.map((each) => this.write(each)).join(', ')
  }

  #operand(node: Node | undefined): string {
    return this.write(operand(node))
  }
}

const BOOLEAN_TESTS = new Map([
  ['IS_TRUE', 'IS TRUE'],
  ['IS_NOT_TRUE', 'IS NOT TRUE'],
  ['IS_FALSE', 'IS FALSE'],
  ['IS_NOT_FALSE', 'IS NOT FALSE'],
  ['IS_UNKNOWN', 'IS UNKNOWN'],
  ['IS_NOT_UNKNOWN', 'IS NOT UNKNOWN'],
])

function unsupportedType({ name, typeName, dimensions }: Column): string {
  return `type ${typeName}${dimensions > 0 ? '[]' : ''} of ${name} is not supported in this context`
}

function isPlainCall(call: FuncCall): boolean {
  const { agg_order, agg_filter, over, agg_within_group, agg_star, agg_distinct, func_variadic } = call
  return !(agg_order || agg_filter || over || agg_within_group || agg_star || agg_distinct || func_variadic)
}
