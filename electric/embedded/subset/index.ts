export { type CheckedSubset, checkSubset, type SubsetScope } from './check-subset.ts'
export { runSubset, type SubsetOptions } from './run-subset.ts'
