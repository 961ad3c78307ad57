export type { Network } from './builder.js'
export { lenet5 } from './lenet5.js'
