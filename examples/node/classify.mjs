// Classifies an image: node examples/node/classify.mjs [MODEL.safetensors] [IMAGE]
// The defaults are there after `npm start`.
import { load } from 'convlet'
import sharp from 'sharp'

const [model = 'build/lenet5.safetensors', file = 'models/lenet5/digits/3.png'] = process.argv.slice(2)

// RGBA, as a canvas's getImageData gives it.
const pixels = sharp(file).toColourspace('srgb').ensureAlpha().raw()
const { data, info } = await pixels.toBuffer({ resolveWithObject: true })

const net = await load(model)
for (const { label, probability } of net.classify({ data, width: info.width, height: info.height }, { top: 3 }))
  console.log(label, `${(probability * 100).toFixed(2)} %`)
net.dispose()
