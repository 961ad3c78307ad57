// Everything that training runs: inference, gradients, losses, optimizers. Export lines only.
export * from './infer'
export { abs_grad, clamp_grad, elu_grad, exp_grad, gelu_grad, gelu_tanh_grad, hard_sigmoid_grad } from './grad/eltwise'
export { hard_swish_grad, leaky_relu_grad, sigmoid_grad, softplus_grad, sqrt_grad, tanh_grad } from './grad/eltwise'
