"""Names and shapes of what torchvision's networks keep, without `num_batches_tracked`: test/golden/torchvision_shapes.json.

usage, from the root of the checkout: command -p python3 test/golden/torchvision_shapes.py
"""
import json

import torchvision.models as M

NAMES = ['alexnet', *(f'vgg{depth}{norm}' for depth in (11, 13, 16, 19) for norm in ('', '_bn')),
         *(f'resnet{depth}' for depth in (18, 34, 50, 101, 152)), 'squeezenet1_0', 'squeezenet1_1', 'mobilenet_v2']


def shapes(net):
    return {name: list(t.shape) for name, t in net.state_dict().items() if not name.endswith('num_batches_tracked')}


found = {name: shapes(getattr(M, name)()) for name in NAMES}
for name, aux in (('googlenet', False), ('googlenet_aux', True)):
    found[name] = shapes(M.googlenet(aux_logits=aux, init_weights=False))
networks = (f'  {json.dumps(name)}: {{\n' + ',\n'.join(f'    {json.dumps(key)}: {shape}' for key, shape in s.items()) + '\n  }'
            for name, s in sorted(found.items()))
with open('test/golden/torchvision_shapes.json', 'w') as file:
    file.write('{\n' + ',\n'.join(networks) + '\n}\n')
