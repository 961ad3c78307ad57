// What each layer of a network computes and what it reads and writes, from its graph.

const size = shape => shape.reduce((a, b) => a * b, 1)

/** The way a layer is computed, in the order of the legend. */
export const kinds = ['Winograd', 'direct', 'direct, 1×1', 'depthwise', 'fully connected']

const kindOf = ({ kernels }, { attrs }) => {
  if (kernels.includes('conv_winograd')) return kinds[0]
  if (kernels.includes('conv_depthwise')) return kinds[3]
  if (kernels.includes('gemv')) return kinds[4]
  return attrs.kernel?.some(k => k > 1) ? kinds[1] : kinds[2]
}

/**
 * The layers of `net.summary()` that multiply and add, with their kind, their flops (two to a multiply-add of the definition, however
 * few of them Winograd's way makes) and the bytes of their weights, inputs and output, each counted once.
 */
export function describe({ graph }, summary) {
  const nodes = new Map(graph.nodes.map(node => [node.name, node]))
  const producers = new Map(graph.nodes.flatMap(node => node.outputs.map(output => [output, node])))
  // A layer is its own node and those that were fused into it.
  const layerOf = new Map()
  for (const layer of summary)
    for (const name of [layer.name, ...layer.fused.map(text => text.slice(text.indexOf('"') + 1, -1))])
      layerOf.set(name, layer)
  const input = graph.inputs[0]
  const sizeOf = value => {
    if (value === input.name) return size(input.shape)
    const node = producers.get(value)
    if (!node) return 0
    const layer = layerOf.get(node.name)
    return layer ? size(layer.shape) : sizeOf(node.inputs[0])
  }
  const outside = layer => value => layerOf.get(producers.get(value)?.name) !== layer
  return summary.flatMap((layer, index) => {
    if (layer.macs === 0) return []
    const own = graph.nodes.filter(({ name }) => layerOf.get(name) === layer)
    const inputs = [...new Set(own.flatMap(node => node.inputs.filter(outside(layer))))]
    const moved = inputs.reduce((sum, value) => sum + sizeOf(value), size(layer.shape))
    const flops = 2 * layer.macs
    const bytes = 4 * (layer.parameters + moved)
    return [{ ...layer, index, kind: kindOf(layer, nodes.get(layer.name)), flops, bytes, intensity: flops / bytes }]
  })
}
