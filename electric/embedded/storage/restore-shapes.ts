import type { DefinitionResolver } from '../catalog/definition-resolver.ts'
import type { ShapeDefinition } from '../catalog/shape-definition.ts'
import { ProtocolError } from '../http/protocol-error.ts'
import type { ShapeRegistry } from '../shape/shape-registry.ts'
import type { Storage } from './storage.ts'
import type { StoredShape } from './store.ts'
import { readRequest, signatureOf } from './stored-request.ts'

const AT_ONCE = 20

/**
 * Brings stored shapes back under their handles, but for those whose table is no longer what it was.
 * @throws when the database went away meanwhile: they are all there at the next try
 */
export async function restoreShapes(
  stored: readonly StoredShape[],
  resolver: DefinitionResolver,
  registry: ShapeRegistry,
  storage: Storage,
): Promise<void> {
  const definitions = new Map<StoredShape, ShapeDefinition>()
  const waiting = stored.values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const shape of waiting) {
        const definition = await redefine(shape, resolver)
        if (definition && signatureOf(definition) === shape.signature) definitions.set(shape, definition)
      }
    }),
  )
  // In their old order, which is that of their last reading as far as it is known.
  for (const shape of stored) {
    const definition = definitions.get(shape)
    if (definition) registry.restore(shape, definition)
    else storage.forget(shape)
  }
}

/** Null when what was asked for is refused now: the table is gone, a column, its publication. */
async function redefine(shape: StoredShape, resolver: DefinitionResolver): Promise<ShapeDefinition | null> {
  try {
    return await resolver.resolve(readRequest(shape.request))
  } catch (error) {
    if (isRefusal(error)) return null
    throw error
  }
}

// What an operator can remove, such as a missing publication, is a refusal too; a database that is away is none.
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ProtocolError)) return false
  return error.status < 500 || 'electric-internal-known-error' in error.headers
}
