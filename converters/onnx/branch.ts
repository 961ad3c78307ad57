// If: exporters write it where a shape decides, e.g. PyTorch a Squeeze that may find nothing to squeeze.
import { type Context, constInput, failAt, numbersOfConst } from './context.js'
import type { OnnxBranch, OnnxNode } from './read.js'
import { isUnread } from './tensor.js'
import { refuse } from './values.js'

const branchOf = (node: OnnxNode, name: string): OnnxBranch => {
  const branch = node.attrs.get(name)
  if (isUnread(branch)) return refuse(branch.unread)
  if (typeof branch !== 'object' || !('outside' in branch)) return failAt(node, `it has no ${name}`)
  return branch.outputs.length === node.outputs.length
    ? branch
    : failAt(node, `it has ${node.outputs.length} outputs, its ${name} ${branch.outputs.length}`)
}

/** The nodes of the branch that is taken, under names of their own; the last make the outputs of the node. */
export const takenBranch = (node: OnnxNode, ctx: Context): readonly OnnxNode[] => {
  const condition = constInput(node, 0, 'condition', ctx) ?? failAt(node, 'it has no condition')
  const [taken] = numbersOfConst(condition, 'condition')
  const { nodes, outputs } = branchOf(node, taken ? 'then_branch' : 'else_branch')
  const names = new Map<string, string>()
  const nameOf = (name: string) => names.get(name) ?? name
  const inner = nodes.map(({ name, inputs, outputs, ...rest }) => {
    const read = inputs.map(nameOf)
    for (const output of outputs) if (output) names.set(output, ctx.unique(output))
    return { ...rest, name: ctx.unique(name || `${node.name}_${rest.op}`), inputs: read, outputs: outputs.map(nameOf) }
  })
  const handed = outputs.map((output, i) => ({
    op: 'Identity',
    domain: '',
    name: ctx.unique(`${node.name}_output`),
    inputs: [nameOf(output)],
    outputs: [node.outputs[i]!],
    attrs: new Map(),
  }))
  return [...inner, ...handed]
}
