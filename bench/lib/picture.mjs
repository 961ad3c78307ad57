// The picture of bench/roofline.mjs: networks side by side, a circle per layer, its area the layer's time.
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { kinds } from './layers.mjs'

const colors = ['#7c3aed', '#2563eb', '#0891b2', '#d97706', '#dc2626']
const [ink, faint, paper] = ['#1f2937', '#6b7280', '#ffffff']
const columns = 2
const titles = {
  alexnet: 'AlexNet',
  googlenet: 'GoogLeNet',
  mobilenet_v2: 'MobileNetV2',
  resnet18: 'ResNet-18',
  resnet50: 'ResNet-50',
  squeezenet1_1: 'SqueezeNet 1.1',
  vgg16: 'VGG-16',
}

const [left, right] = [0.35, 700]
const [bottom, top] = [7, 300]
/** Layers that take so much of the time have their names beside them. */
const NAMED = 0.12

/** An SVG, with a background of its own so that it is read on light and dark pages. */
export function picture(results, { cpu, node, date }) {
  const { document } = parseHTML('<html><body></body></html>')
  const peak = Math.max(...results.map(result => result.peak))
  const read = Math.max(...results.map(result => result.read))
  const place = (_, i) => ({ fx: i % columns, fy: Math.floor(i / columns) })
  const cells = results.map(place)
  const each = points => cells.flatMap(cell => points.map(point => ({ ...cell, ...point })))
  const layers = results.flatMap((result, i) => result.layers.map(layer => ({ ...layer, ...cells[i] })))
  const knee = peak / read
  const roof = each([Math.max(left, bottom / read), knee, right].map(x => ({ x, y: Math.min(peak, read * x) })))
  const facet = { fx: 'fx', fy: 'fy' }
  const text = (data, options) =>
    Plot.text(data, {
      ...facet,
      x: 'x',
      y: 'y',
      text: 'text',
      fill: faint,
      fontSize: 12,
      textAnchor: 'start',
      ...options,
    })
  const rows = Math.ceil(results.length / columns)
  const chart = Plot.plot({
    document,
    width: 1040,
    height: 60 + 360 * rows,
    margin: 0,
    marginLeft: 62,
    marginRight: 16,
    marginTop: 12,
    marginBottom: 58,
    style: { color: ink, fontSize: '12px' },
    fx: { padding: 0.06, axis: null },
    fy: { padding: 0.12, axis: null },
    x: { type: 'log', domain: [left, right], label: null },
    y: { type: 'log', domain: [bottom, top], label: null },
    r: { range: [0, 17], domain: [0, 0.3] },
    color: { domain: kinds, range: colors },
    marks: [
      Plot.frame({ stroke: '#e5e7eb', fill: '#fafafa', rx: 6 }),
      Plot.gridX([1, 10, 100], { stroke: '#000', strokeOpacity: 0.07 }),
      Plot.gridY([10, 20, 50, 100, 200], { stroke: '#000', strokeOpacity: 0.07 }),
      Plot.axisX([0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500], { tickSize: 0, tickFormat: String, color: faint }),
      Plot.axisY([10, 20, 50, 100, 200], { tickSize: 0, tickFormat: String, color: faint }),
      Plot.line(roof, { ...facet, x: 'x', y: 'y', z: d => `${d.fx} ${d.fy}`, stroke: ink, strokeWidth: 1.6 }),
      text(each([{ x: knee * 1.12, y: peak * 1.14, text: `inner kernel: ${peak.toFixed(0)} GFLOP/s` }])),
      text(each([{ x: 0.6, y: 0.6 * read * 1.22, text: `memory: ${read.toFixed(0)} GB/s` }]), { rotate: -54 }),
      Plot.dot(layers, {
        ...facet,
        x: 'intensity',
        y: 'gflops',
        r: 'share',
        fill: 'kind',
        fillOpacity: 0.5,
        stroke: 'kind',
        strokeWidth: 1.2,
        sort: { channel: 'r', reverse: true },
      }),
      text(
        layers
          .filter(({ share }) => share >= NAMED)
          .map(({ fx, fy, intensity, gflops, share, name }) => ({
            // Below the circle, a decade being 196 pixels high; beside it where the frame is near.
            ...(intensity < 1
              ? { fx, fy, x: intensity * 2.3, y: gflops }
              : { fx, fy, x: intensity, y: gflops * 10 ** (-(31 * Math.sqrt(share) + 10) / 196) }),
            text: name.replace(/\.conv$/, ''),
          })),
        { fill: ink, fontSize: 11, textAnchor: 'middle' },
      ),
      text(
        results.map(({ name, total }, i) => ({
          ...cells[i],
          x: left * 1.13,
          y: top * 0.8,
          text: `${titles[name] ?? name}, ${total.toFixed(1)} ms`,
        })),
        { fill: ink, fontSize: 15, fontWeight: 600 },
      ),
    ],
  })
  return frame(chart, results, `${cpu}, one thread, Node ${node}, ${date}`)
}

const entities = text => text.replace(/&/g, '&amp;').replace(/</g, '&lt;')

/** The chart with its title, legend and the words on its axes around it. */
function frame(chart, results, machine) {
  const [width, height] = ['width', 'height'].map(name => Number(chart.getAttribute(name)))
  const [head, foot] = [76, 30]
  const used = kinds.filter(kind => results.some(({ layers }) => layers.some(layer => layer.kind === kind)))
  const say = (x, y, text, more = '') => `<text x="${x}" y="${y}" ${more}>${entities(text)}</text>`
  let x = 62
  const legend = used.map(kind => {
    const color = colors[kinds.indexOf(kind)]
    const at = x
    x += 40 + 7.2 * kind.length
    return (
      `<circle cx="${at + 7}" cy="56" r="6.5" fill="${color}" fill-opacity="0.5" stroke="${color}" stroke-width="1.2"/>` +
      say(at + 20, 60.5, kind)
    )
  })
  // For pages that show the chart among their text, which this one is not.
  chart.querySelector('style').remove()
  const names = results.map(({ name }) => titles[name] ?? name).join(', ')
  const title = `<title>GFLOP/s of each layer over its flops per byte: ${names}</title>`
  chart.setAttribute('y', head)
  chart.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${head + height + foot}" width="${width}" height="${head + height + foot}"`,
    ` font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="13" fill="${ink}">`,
    title,
    `<rect width="100%" height="100%" rx="10" fill="${paper}"/>`,
    say(62, 32, 'Every layer between memory and arithmetic', 'font-size="20" font-weight="650"'),
    ...legend,
    say(x + 10, 60.5, 'a circle’s area is the layer’s share of the time', `fill="${faint}"`),
    chart.outerHTML.replace('>', `>${title}`),
    say(width / 2, head + height - 8, 'flops per byte of weights, inputs and output', `text-anchor="middle"`),
    say(
      0,
      0,
      'GFLOP/s (2 × the multiply-adds of the definition)',
      `text-anchor="middle" transform="translate(20,${head + height / 2 - 20}) rotate(-90)"`,
    ),
    say(width - 16, head + height + 16, machine, `text-anchor="end" font-size="11" fill="${faint}"`),
    '</svg>\n',
  ].join('\n')
}
