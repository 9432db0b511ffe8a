import type { ShapeDefinition } from '../catalog/shape-definition.ts'
import type { Engine } from '../engine.ts'
import type { ElectricSettings } from '../options.ts'
import { Admission } from './admission.ts'
import { type Answer, FOR_ONE_CALLER, NOT_FOUND } from './answer.ts'
import { Authorisation } from './authorisation.ts'
import { preflightAnswer } from './cors.ts'
import type { Exchange } from './exchange.ts'
import type { QueryMap } from './query-params.ts'
import { Replies } from './replies.ts'
import { readJsonBody } from './request-body.ts'
import { parseShapeRequest, type ShapeRequest } from './request-params.ts'
import type { RequestTarget } from './request-target.ts'
import { ShapeAnswers } from './shape-answers.ts'
import { ShapeDeletion } from './shape-deletion.ts'
import { ShapeLookup } from './shape-lookup.ts'
import { SubsetAnswers } from './subset-answers.ts'
import { subsetOfBody } from './subset-params.ts'

const METHODS = 'GET, POST, HEAD, DELETE, OPTIONS'

const UNAUTHORISED: Answer = {
  status: 401,
  headers: FOR_ONE_CALLER,
  body: Buffer.from('{"message":"Unauthorized - Invalid API secret"}'),
}

/** `/v1/shape`: lets a request in, and finds the shape that it means. */
export class ShapeEndpoint {
  readonly #replies: Replies
  readonly #unreadable: Replies
  readonly #authorisation: Authorisation
  readonly #initial: Admission
  readonly #existing: Admission
  readonly #lookup: ShapeLookup
  readonly #answers: ShapeAnswers
  readonly #subsets: SubsetAnswers
  readonly #deletion: ShapeDeletion

  constructor(engine: Engine, settings: ElectricSettings) {
    this.#replies = new Replies(METHODS, settings.log)
    this.#unreadable = new Replies(null, settings.log)
    this.#authorisation = new Authorisation(settings.secret)
    this.#initial = new Admission('initial', settings.maxInitialRequests)
    this.#existing = new Admission('existing', settings.maxExistingRequests)
    this.#lookup = new ShapeLookup(engine, settings.readyTimeoutMs)
    this.#answers = new ShapeAnswers(engine, settings, this.#replies)
    this.#subsets = new SubsetAnswers(engine, this.#lookup, this.#replies, settings.longPollTimeoutMs)
    this.#deletion = new ShapeDeletion(engine, this.#lookup, settings.allowShapeDeletion)
  }

  handle(exchange: Exchange, target: RequestTarget): void {
    try {
      if (exchange.req.method === 'OPTIONS') this.#preflight(exchange)
      else if (this.#authorisation.admits(target.query)) this.#handle(exchange, target)
      else this.#unreadable.send(exchange, UNAUTHORISED)
    } catch (error) {
      this.#replies.fail(exchange, error)
    }
  }

  #handle(exchange: Exchange, target: RequestTarget): void {
    const { method } = exchange.req
    if (method === 'GET' || method === 'HEAD') this.#get(exchange, target)
    else if (method === 'POST') this.#later(exchange, this.#post(exchange, target.query))
    else if (method === 'DELETE') this.#later(exchange, this.#delete(exchange, target.query))
    else this.#unreadable.send(exchange, NOT_FOUND)
  }

  #preflight(exchange: Exchange): void {
    const asked = exchange.req.headers['access-control-request-headers']
    this.#replies.send(exchange, preflightAnswer(typeof asked === 'string' ? asked : undefined))
  }

  #admit(exchange: Exchange, query: QueryMap): void {
    const admission = this.#lookup.isKnown(query.get('handle')) ? this.#existing : this.#initial
    exchange.place = admission.enter()
  }

  #get(exchange: Exchange, target: RequestTarget): void {
    this.#admit(exchange, target.query)
    this.#read(exchange, target.shapeRequest)
  }

  async #post(exchange: Exchange, query: QueryMap): Promise<void> {
    this.#admit(exchange, query)
    const body = await readJsonBody(exchange.req)
    this.#read(exchange, parseShapeRequest(query, { subset: subsetOfBody(body) }))
  }

  // Not awaited where the shape's definition is known, as it is for whoever asks again.
  #read(exchange: Exchange, request: ShapeRequest): void {
    const definition = this.#lookup.define(request)
    if (definition instanceof Promise) {
      const reading = definition.then((defined) => this.#readShape(exchange, request, defined))
      this.#later(exchange, reading)
    } else this.#readShape(exchange, request, definition)
  }

  #readShape(exchange: Exchange, request: ShapeRequest, definition: ShapeDefinition): void {
    if (exchange.destroyed) return
    const { subset } = request
    if (subset) this.#later(exchange, this.#subsets.answer(exchange, request, definition, subset))
    else this.#answers.answer(exchange, this.#lookup.find(request, definition))
  }

  async #delete(exchange: Exchange, query: QueryMap): Promise<void> {
    this.#replies.send(exchange, await this.#deletion.delete(query))
  }

  #later(exchange: Exchange, answering: Promise<void>): void {
    answering.catch((error: unknown) => this.#replies.fail(exchange, error))
  }
}
