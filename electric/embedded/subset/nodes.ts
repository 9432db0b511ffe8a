import type { Node } from 'libpg-query'

export function fieldName(field: Node): string {
  return 'String' in field ? (field.String.sval ?? '') : '*'
}

export function items(node: Node | undefined): readonly Node[] {
  return node && 'List' in node ? (node.List.items ?? []) : []
}

/** What the parser calls a node, and where it stands: some kinds have no place. */
export function describeNode(node: Node): { kind: string; location: number | undefined } {
  const [[kind, content] = ['nothing', null]] = Object.entries(node)
  const isPlaced = typeof content === 'object' && content !== null && 'location' in content
  return { kind, location: isPlaced && typeof content.location === 'number' ? content.location : undefined }
}
