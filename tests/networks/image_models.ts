import { CCE, type Kit, MSE, type SignalModel, type Symbolic } from "./signal_kit.ts";

export const image = (
  body: (kit: Kit, x: Symbolic) => Symbolic,
  shape = [16, 16, 3],
): SignalModel => ({
  objective: CCE,
  examples: 16,
  build(kit) {
    const x = kit.tf.input({ shape });
    return kit.tf.model({
      inputs: x,
      outputs: kit.dense(10, "softmax").apply(body(kit, x)) as Symbolic,
    });
  },
});

export const norm = ({ tf, on }: Kit, x: Symbolic) => on(tf.layers.batchNormalization(), x);
export const relu = ({ tf, on }: Kit, x: Symbolic) =>
  on(tf.layers.activation({ activation: "relu" }), x);
export const pooled = ({ tf, on }: Kit, x: Symbolic) => on(tf.layers.globalAveragePooling2d({}), x);

function residual(kit: Kit, x: Symbolic, blocks: number, withNorm: boolean): Symbolic {
  let y = kit.on(kit.conv(16, 3, { kernel: "heNormal" }), x);
  if (withNorm) y = norm(kit, y);
  y = relu(kit, y);
  for (let block = 0; block < blocks; block++) {
    let branch = kit.on(kit.conv(16, 3, { kernel: "heNormal" }), y);
    if (withNorm) branch = norm(kit, branch);
    branch = kit.on(kit.conv(16, 3, { kernel: "heNormal" }), relu(kit, branch));
    if (withNorm) branch = norm(kit, branch);
    y = relu(kit, kit.on(kit.tf.layers.add(), [y, branch] as never));
  }
  return pooled(kit, y);
}

/** Healthy networks of images as they are commonly built, small. */
export const IMAGE_MODELS: Record<string, SignalModel> = {
  convnet: image((kit, x) => {
    let y = x;
    for (const filters of [16, 32]) {
      y = kit.on(kit.conv(filters, 3, { activation: "relu" }), y);
      y = kit.on(kit.conv(filters, 3, { activation: "relu" }), y);
      y = kit.on(kit.tf.layers.maxPooling2d({ poolSize: 2 }), y);
    }
    return kit.on(kit.dense(64, "relu"), kit.on(kit.tf.layers.flatten(), y));
  }),
  lenet: image((kit, x) => {
    let y = kit.on(kit.conv(6, 5, { activation: "tanh" }), x);
    y = kit.on(kit.tf.layers.averagePooling2d({ poolSize: 2 }), y);
    y = kit.on(kit.conv(16, 5, { activation: "tanh", padding: "valid" }), y);
    y = kit.on(kit.tf.layers.averagePooling2d({ poolSize: 2 }), y);
    y = kit.on(kit.dense(84, "tanh"), kit.on(kit.tf.layers.flatten(), y));
    return y;
  }),
  resnet: image((kit, x) => residual(kit, x, 4, true)),
  resnet_plain: image((kit, x) => residual(kit, x, 3, false)),
  preact: image((kit, x) => {
    let y = kit.on(kit.conv(16, 3), x);
    for (let block = 0; block < 4; block++) {
      let branch = kit.on(kit.conv(16, 3), relu(kit, norm(kit, y)));
      branch = kit.on(kit.conv(16, 3), relu(kit, norm(kit, branch)));
      y = kit.on(kit.tf.layers.add(), [y, branch] as never);
    }
    return pooled(kit, relu(kit, norm(kit, y)));
  }),
  mobilenet: image((kit, x) => {
    let y = relu(kit, norm(kit, kit.on(kit.conv(8, 3, { strides: 2 }), x)));
    for (const filters of [16, 16, 32]) {
      const depthwise = kit.tf.layers.depthwiseConv2d({
        kernelSize: 3,
        padding: "same",
        depthwiseInitializer: kit.init(),
      });
      y = relu(kit, norm(kit, kit.on(depthwise, y)));
      y = relu(kit, norm(kit, kit.on(kit.conv(filters, 1), y)));
    }
    return pooled(kit, y);
  }),
  mobilenet_plain: image((kit, x) => {
    let y = kit.on(kit.conv(8, 3, { activation: "relu" }), x);
    for (const filters of [16, 32]) {
      const depthwise = kit.tf.layers.depthwiseConv2d({
        kernelSize: 3,
        padding: "same",
        activation: "relu",
        depthwiseInitializer: kit.init(),
      });
      y = kit.on(kit.conv(filters, 1, { activation: "relu" }), kit.on(depthwise, y));
    }
    return pooled(kit, y);
  }),
  separable: image((kit, x) => {
    let y = x;
    for (let layer = 0; layer < 3; layer++) {
      const separable = kit.tf.layers.separableConv2d({
        filters: 24,
        kernelSize: 3,
        padding: "same",
        activation: "relu",
        depthwiseInitializer: kit.init(),
        pointwiseInitializer: kit.init(),
      } as never);
      y = kit.on(separable, y);
    }
    return pooled(kit, y);
  }),
  densenet: image((kit, x) => {
    let y = kit.on(kit.conv(16, 3), x);
    for (let layer = 0; layer < 4; layer++) {
      const grown = kit.on(kit.conv(8, 3), relu(kit, norm(kit, y)));
      y = kit.on(kit.tf.layers.concatenate(), [y, grown] as never);
    }
    return pooled(kit, relu(kit, norm(kit, y)));
  }),
  unet: {
    objective: MSE,
    examples: 8,
    build(kit) {
      const { tf, on, conv } = kit;
      const x = tf.input({ shape: [16, 16, 3] });
      const he = { activation: "relu", kernel: "heNormal" };
      const first = on(conv(16, 3, he), x);
      const second = on(conv(32, 3, he), on(tf.layers.maxPooling2d({ poolSize: 2 }), first));
      const bottom = on(conv(64, 3, he), on(tf.layers.maxPooling2d({ poolSize: 2 }), second));
      const up = (y: Symbolic, skip: Symbolic, filters: number) => {
        const raised = on(conv(filters, 2, he), on(tf.layers.upSampling2d({}), y));
        return on(conv(filters, 3, he), on(tf.layers.concatenate(), [raised, skip] as never));
      };
      const y = up(up(bottom, second, 32), first, 16);
      return tf.model({ inputs: x, outputs: on(conv(1, 1), y) });
    },
  },
  dcgan: {
    objective: MSE,
    build(kit) {
      const { tf, on } = kit;
      const x = tf.input({ shape: [32] });
      let y = on(tf.layers.reshape({ targetShape: [4, 4, 32] }), on(kit.dense(512, "relu"), x));
      for (const filters of [32, 16]) {
        const transposed = tf.layers.conv2dTranspose({
          filters,
          kernelSize: 4,
          strides: 2,
          padding: "same",
          activation: "relu",
          kernelInitializer: kit.init("heNormal"),
        });
        y = on(transposed, y);
      }
      return tf.model({ inputs: x, outputs: on(kit.conv(1, 3, { activation: "tanh" }), y) });
    },
  },
};
