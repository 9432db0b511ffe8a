export { type CheckedSubset, checkSubset, type SubsetScope } from './check-subset.ts'
