// Everything that training runs: inference, gradients, losses, optimizers. Export lines only.
export * from './infer'
export { abs_grad, clamp_grad, elu_grad, exp_grad, gelu_grad, gelu_tanh_grad, hard_sigmoid_grad } from './grad/eltwise'
export { hard_swish_grad, leaky_relu_grad, sigmoid_grad, softplus_grad, sqrt_grad, tanh_grad } from './grad/eltwise'
export { batch_stats, running_stats } from './grad/moments'
export { batch_norm, batch_norm_grad, batch_norm_sums } from './grad/norm'
export { avg_pool_grad, max_pool_grad } from './grad/pool'
