import type { Loss } from './api.js'

/** Softmax and cross-entropy, PyTorch's `cross_entropy`. Labels are class indices. */
export const crossEntropy = (options: Omit<Loss, 'kind'> = {}): Loss => ({ kind: 'crossEntropy', ...options })

/** Mean squared error. Labels are as many numbers for each image as the network gives. */
export const mse = (options: Pick<Loss, 'heads'> = {}): Loss => ({ kind: 'mse', ...options })
