import { isDatabaseUnreachable } from '../catalog/database-errors.ts'
import type { DefinitionResolver } from '../catalog/definition-resolver.ts'
import type { ShapeDefinition } from '../catalog/shape-definition.ts'
import { ProtocolError } from '../http/protocol-error.ts'
import type { ShapeRegistry } from '../shape/shape-registry.ts'
import type { Storage } from './storage.ts'
import type { StoredShape } from './store.ts'
import { readRequest, signatureOf } from './stored-request.ts'

const AT_ONCE = 20

/**
 * What stored shapes are now; those whose table is no longer what it was are left out.
 * @throws when the database went away meanwhile: they are all there at the next try
 */
export async function redefineAll(
  stored: readonly StoredShape[],
  resolver: DefinitionResolver,
): Promise<ReadonlyMap<StoredShape, ShapeDefinition>> {
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
  return definitions
}

/** Brings them back under their handles, in their old order: that of their last reading as far as it is known. */
export function restoreShapes(
  stored: readonly StoredShape[],
  definitions: ReadonlyMap<StoredShape, ShapeDefinition>,
  registry: ShapeRegistry,
  storage: Storage,
): void {
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
    if (isAway(error)) throw error
    return null
  }
}

// Whatever else is wrong is wrong with this one shape, and must not keep the others from being served.
function isAway(error: unknown): boolean {
  if (!(error instanceof ProtocolError)) return isDatabaseUnreachable(error)
  return error.status === 503 && !('electric-internal-known-error' in error.headers)
}
