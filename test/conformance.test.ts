// The ONNX project's own tests of operators, forward, on both builds. A table of what agrees is printed at the end.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import onnxProto, { type onnx } from 'onnx-proto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fromOnnx } from '../converters/index.js'
import { isUnread, readTensor } from '../converters/onnx/tensor.js'
import { numbersOf } from '../converters/onnx/values.js'
import { load } from '../ts/entry/node.js'
import { ConvletError } from '../ts/error.js'
import { encodeModel } from '../ts/file.js'
import type { Tensor } from '../ts/types.js'
import { modules } from './builds.js'
import { shared } from './shared.js'

const { ModelProto, TensorProto } = onnxProto.onnx
const test = suite('ONNX conformance')
const folder = 'onnx/node'

/** Operators whose inputs from the second on are weights or settings: they are bound as constants. */
const WITH_WEIGHTS =
  /^(BatchNormalization|Clip|Conv|ConvTranspose|Dropout|Gemm|Gather|InstanceNormalization|Pad|PRelu|Reduce.*|Re(shape|size)|Slice|Split|Squeeze|Unsqueeze|Upsample)$/

/** What convlet refuses by design, everything else of the folder must agree: values without a single number, and a network without inputs. */
const REFUSED = /^test_(reshape_allowzero|slice_start_out|constant$)/

/** The reference of this one is written with four digits. */
const COARSE: Readonly<Record<string, number>> = { test_averagepool_2d_ceil_last_window_starts_on_pad: 5e-5 }

const read = (path: string): onnx.ITensorProto => TensorProto.decode(readFileSync(shared(path)))

const tensorOf = (proto: onnx.ITensorProto): Tensor => {
  const tensor = readTensor(proto as Parameters<typeof readTensor>[0], 'data')
  return isUnread(tensor) ? (assert.unreachable(tensor.unread) as never) : tensor
}

/** Whole numbers and truth values, too, are floats for convlet. */
const floatsOf = (tensor: Tensor): Float32Array => Float32Array.from(numbersOf(tensor))

/** The test's model with everything but its data bound as initialisers, and the data. */
const prepare = (name: string) => {
  const model = ModelProto.decode(readFileSync(shared(`${folder}/${name}/model.onnx`)))
  const graph = model.graph!
  const op = graph.node![0]!.opType!
  const files = readdirSync(shared(`${folder}/${name}/test_data_set_0`))
  const tensors = files
    .filter(file => file.startsWith('input_'))
    .map((_, i) => read(`${folder}/${name}/test_data_set_0/input_${i}.pb`))
  const inputs = graph.input!.map(({ name }, i) => ({ name: name!, proto: tensors[i]! }))
  const rows = ({ proto }: { proto: onnx.ITensorProto }) => Number(proto.dims?.[0] ?? 0)
  const isData = (input: (typeof inputs)[number], i: number) =>
    i === 0 || (!WITH_WEIGHTS.test(op) && input.proto.dataType === 1 && rows(input) === rows(inputs[0]!))
  const bound = inputs.filter((input, i) => !isData(input, i))
  graph.initializer = [...(graph.initializer ?? []), ...bound.map(({ name, proto }) => ({ ...proto, name }))]
  graph.input = graph.input!.filter(({ name }) => !bound.some(other => other.name === name))
  return {
    op,
    bytes: ModelProto.encode(model).finish(),
    inputs: inputs.filter(isData).map(({ name, proto }) => [name, floatsOf(tensorOf(proto))] as const),
    batch: inputs[0] ? rows(inputs[0]) : 1,
    expected: () =>
      graph.output!.map(
        ({ name: output }, i) =>
          [output!, floatsOf(tensorOf(read(`${folder}/${name}/test_data_set_0/output_${i}.pb`)))] as const,
      ),
  }
}

const table = new Map<string, { agree: number; refused: number }>()
const count = (op: string, what: 'agree' | 'refused') => {
  const row = table.get(op) ?? { agree: 0, refused: 0 }
  row[what]++
  table.set(op, row)
}

const run = async (name: string) => {
  const { op, bytes, inputs, batch, expected: reference } = prepare(name)
  const file = await encodeModel(fromOnnx(bytes))
  const expected = reference()
  for (const { build, wasm } of modules) {
    const net = await load(file, { build, wasm, batch })
    const results = net.run(Object.fromEntries(inputs))
    for (const [output, wanted] of expected) {
      const result = results[output]!
      assert.is(result.length, wanted.length)
      for (const [i, v] of wanted.entries()) {
        const got = result[i]!
        const near = Math.abs(got - v) <= 1e-7 + (COARSE[name] ?? 0) + 1e-3 * Math.abs(v)
        assert.ok(near || Object.is(got, v), `${build}: element ${i} of ${output} is ${got}, should be ${v}`)
      }
    }
    net.dispose()
  }
  count(op, 'agree')
}

if (existsSync(shared(folder)))
  for (const name of readdirSync(shared(folder)).sort())
    test(name, async () => {
      try {
        await run(name)
      } catch (error) {
        // Refusing is fine where it is known and said; a wrong number never is.
        if (!(error instanceof ConvletError) || !REFUSED.test(name)) throw error
        count(
          ModelProto.decode(readFileSync(shared(`${folder}/${name}/model.onnx`))).graph!.node![0]!.opType!,
          'refused',
        )
      }
    })
else console.log(`skipped: the ONNX conformance tests need ../shared/${folder}`)

test('the table', () => {
  const rows = [...table].sort(([a], [b]) => (a < b ? -1 : 1))
  const sum = (what: 'agree' | 'refused') => rows.reduce((total, [, row]) => total + row[what], 0)
  for (const [op, { agree, refused }] of rows)
    console.log(`  ${op.padEnd(22)} ${String(agree).padStart(3)} agree${refused ? `, ${refused} refused` : ''}`)
  console.log(`  ${'all'.padEnd(22)} ${String(sum('agree')).padStart(3)} agree, ${sum('refused')} refused`)
  assert.ok(!existsSync(shared(folder)) || (sum('agree') === 250 && sum('refused') === 3))
})

test.run()
