export { applyMutation } from './apply.ts'
export { type EndpointOptions, type MutationResult, mutate, mutationsEndpoint } from './endpoint.ts'
