import fc from "fast-check";
import { property, size, sizes } from "./random_shapes.ts";
import { windowGeometry } from "./reference/mod.ts";
import { type Convolution, convolutionRow } from "./rows/convolutions.ts";
import { resizingRow, upSamplingRow } from "./rows/images.ts";
import { type Extent, poolingRow } from "./rows/pooling.ts";
import { dilationRow, mirrorPadRow } from "./rows/image_operations.ts";

const padding = fc.constantFrom("valid" as const, "same" as const);
const draw = fc.constantFrom(undefined, "negative" as const);

/** Input, window, strides and padding of some spatial rank; every window fits. */
function windows(rank: number, longest: number) {
  const extent: fc.Arbitrary<Extent> = fc.record({
    batch: size(2),
    space: sizes(rank, longest),
    channels: size(3),
  });
  return fc.record({
    extent,
    window: sizes(rank, 3),
    strides: sizes(rank, 4),
    pad: padding,
    dataFormat: fc.constantFrom("channelsFirst", "channelsLast"),
  });
}

/** Returns true if there is an output. */
const fits = (space: number[], window: number[], dilations: number[], pad: "valid" | "same") =>
  space.every((n, axis) => windowGeometry(n, window[axis], 1, dilations[axis], pad).output > 0);

for (const kind of ["max", "average"] as const) {
  for (const rank of [1, 2, 3]) {
    Deno.test(`${kind}Pooling${rank}d is right on random shapes`, () =>
      property(
        fc.tuple(windows(rank, rank === 3 ? 4 : 7), draw)
          .filter(([{ extent, window, pad }]) => fits(extent.space, window, [1, 1, 1], pad)),
        ([{ extent, window, strides, pad, dataFormat }, drawn]) =>
          poolingRow(
            kind,
            rank,
            {
              poolSize: window,
              strides,
              padding: pad,
              ...(rank > 1 ? { dataFormat } : {}),
            },
            drawn,
            extent,
          ),
        rank === 3 ? 20 : 40,
      ));
  }
}

const RANKS: Record<Convolution, number> = {
  conv1d: 1,
  conv2d: 2,
  conv3d: 3,
  conv2dTranspose: 2,
  conv3dTranspose: 3,
  depthwiseConv2d: 2,
  separableConv2d: 2,
};

for (const [subject, rank] of Object.entries(RANKS) as [Convolution, number][]) {
  const isTransposed = subject.endsWith("Transpose");
  Deno.test(`${subject} is right on random shapes`, () =>
    property(
      fc.record({
        at: windows(rank, rank === 3 ? 3 : 6),
        dilations: sizes(rank, 3),
        isDilated: fc.boolean(),
        filters: size(3),
        useBias: fc.boolean(),
        activation: fc.constantFrom("linear", "relu", "tanh"),
      }).filter(({ at: { extent, window, pad }, dilations, isDilated }) =>
        isTransposed ||
        fits(extent.space, window, isDilated ? dilations : dilations.map(() => 1), pad)
      ),
      ({ at, dilations, isDilated, filters, useBias, activation }) =>
        convolutionRow(subject, {
          kernelSize: at.window,
          padding: at.pad,
          dataFormat: at.dataFormat,
          useBias,
          activation,
          ...(subject === "depthwiseConv2d" ? { depthMultiplier: filters } : { filters }),
          // TensorFlow has no convolution with both, and a transposed one has no dilation.
          ...(isDilated && !isTransposed ? { dilationRate: dilations } : { strides: at.strides }),
        }, at.extent),
      rank === 3 ? 20 : 40,
    ));
}

Deno.test("dilation2d is right on random shapes", () =>
  property(
    fc.tuple(windows(2, 5), sizes(2, 2)).filter(([{ extent, window, pad }, dilations]) =>
      fits(extent.space, window, dilations, pad)
    ),
    ([{ extent, window, strides, pad }, dilations]) =>
      dilationRow({
        window: window as [number, number],
        strides: strides as [number, number],
        dilations: dilations as [number, number],
        pad,
      }, extent),
  ));

Deno.test("mirrorPad is right on random shapes", () =>
  property(
    fc.tuple(
      fc.array(fc.tuple(size(4), fc.nat(4), fc.nat(4)), { minLength: 1, maxLength: 4 }),
      fc.constantFrom("reflect" as const, "symmetric" as const),
    ),
    ([axes, mode]) => {
      const most = (n: number) => mode === "reflect" ? n - 1 : n;
      return mirrorPadRow(
        axes.map(([n]) => n),
        axes.map(([n, before, after]) => [Math.min(before, most(n)), Math.min(after, most(n))]),
        mode,
      );
    },
  ));

const interpolation = fc.constantFrom("nearest", "bilinear");

Deno.test("upSampling2d is right on random shapes", () =>
  property(
    fc.tuple(
      sizes(4, 4),
      sizes(2, 3),
      interpolation,
      fc.constantFrom("channelsFirst", "channelsLast"),
    ),
    ([shape, size, interpolation, dataFormat]) =>
      upSamplingRow({ size, interpolation, dataFormat }, shape),
  ));

Deno.test("resizing is right on random shapes", () =>
  property(
    fc.tuple(sizes(4, 5), sizes(2, 6), interpolation, fc.boolean()),
    ([shape, [height, width], interpolation, cropToAspectRatio]) =>
      resizingRow({ height, width, interpolation, cropToAspectRatio }, shape),
  ));
