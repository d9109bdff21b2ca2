import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { ACTIVATIONS } from "../../../src/ground/traits/activations.ts";
import { activationTraits } from "../../../src/ground/traits/activation_traits.ts";
import { LAYERS } from "../../../src/ground/traits/layers.ts";
import { layerTraits, registerLayer } from "../../../src/ground/traits/layer_traits.ts";

// TensorFlow.js declares the map private. It is read before any test of this isolate adds to it.
const { serialization } = tf as unknown as {
  serialization: {
    SerializationMap: { getMap(): { classNameMap: Record<string, [{ name: string }]> } };
  };
};
const CLASSES = Object.entries(serialization.SerializationMap.getMap().classNameMap);

/** Returns the classes that TensorFlow.js registers and that descend from one of the given name. */
function registered(ancestor: string): string[] {
  const descends = (one: { name: string } | null): boolean =>
    one !== null && (one.name === ancestor || descends(Object.getPrototypeOf(one)));
  return CLASSES.filter(([, [one]]) => descends(one)).map(([name]) => name);
}

Deno.test("every layer class that TensorFlow.js registers has its traits", () => {
  const names = registered("Layer");
  assertEquals(names.length > 50, true);
  assertEquals(names.filter((name) => layerTraits(name).kind === "opaque"), []);
  // ConvRNN2D is made by TensorFlow.js but registered by none of its versions.
  assertEquals(Object.keys(LAYERS).filter((name) => !names.includes(name)), ["ConvRNN2D"]);
});

Deno.test("every activation that TensorFlow.js registers has its traits", () => {
  // The layer of that name is registered under the same ancestor's name.
  const names = registered("Activation").filter((name) => name !== "Activation");
  assertEquals(names.length > 12, true);
  assertEquals(names.filter((name) => activationTraits(name) === null), []);
  assertEquals(
    Object.keys(ACTIVATIONS).filter((name) => !names.includes(name)),
    ["leakyRelu", "prelu", "thresholdedRelu"],
  );
});

Deno.test("the ranges of activations are those of their curves", () => {
  for (const [name, { curve, range: [low, high] }] of Object.entries(ACTIVATIONS)) {
    if (curve === null) continue;
    const values = Array.from({ length: 40_001 }, (_, i) => curve.value((i - 20_000) / 100));
    const least = Math.min(...values);
    const most = Math.max(...values);
    const near = (found: number, limit: number) =>
      limit === Infinity
        ? found > 59
        : limit === -Infinity
        ? found < -59
        : Math.abs(found - limit) < 0.01;
    assertEquals(near(least, low) && least >= low - 1e-6, true, `${name} goes down to ${least}`);
    assertEquals(near(most, high) && most <= high + 1e-6, true, `${name} goes up to ${most}`);
  }
});

Deno.test("an activation is homogeneous where its curve passes a factor on", () => {
  for (const [name, { curve, homogeneous }] of Object.entries(ACTIVATIONS)) {
    if (curve === null) continue;
    const passes = [-3, -0.5, 0.7, 2].every((z) =>
      Math.abs(curve.value(10 * z) - 10 * curve.value(z)) < 1e-9
    );
    assertEquals(passes, homogeneous, name);
  }
});

Deno.test("registerLayer() declares a custom class, and later calls replace it", () => {
  assertEquals(layerTraits("MyIdentity").kind, "opaque");
  registerLayer("MyIdentity", { kind: "passesOn", memoryCopies: 0 });
  assertEquals(layerTraits("MyIdentity"), {
    kind: "passesOn",
    kernel: null,
    operation: null,
    activation: null,
    kinked: false,
    drops: false,
    memoryCopies: 0,
    perExample: false,
  });
  registerLayer("MyIdentity", { kind: "dense", kernel: "ordinary" });
  assertEquals(layerTraits("MyIdentity").kernel, "ordinary");
});

Deno.test("registerLayer() rejects values that are not layer classes or traits", () => {
  const refuses = (name: unknown, traits: unknown, message: string) =>
    assertThrows(() => registerLayer(name as string, traits as never), TypeError, message);
  refuses("", { kind: "dense" }, 'className is "", expected the name of a layer class');
  refuses("Dense", { kind: "dense" }, "which is a class of TensorFlow.js");
  refuses("Mine", null, "traits of Mine is null, expected an object with a kind");
  refuses("Mine", {}, "traits of Mine is an object, expected an object with a kind");
  refuses("Mine", { kind: "passOn" }, 'kind of Mine is "passOn", expected one of activation');
  refuses("Mine", { kind: "passOn" }, 'did you mean "passesOn"?');
  refuses("Mine", { kind: "dense", zzzzzzzz: 1 }, 'no trait "zzzzzzzz", expected one of kind,');
  refuses("Mine", { kind: "dense", kernels: 1 }, 'no trait "kernels"; did you mean "kernel"?');
  refuses("Mine", { kind: "dense", kernel: "x" }, 'kernel of Mine is "x", expected "ordinary"');
  refuses("Mine", { kind: "pool", kinked: 1 }, "kinked of Mine is 1, expected true or false");
  refuses("Mine", { kind: "pool", memoryCopies: NaN }, "memoryCopies of Mine is NaN");
  refuses("Mine", { kind: "pool", operation: "max" }, 'operation of Mine is "max", expected one');
  refuses("Mine", { kind: "pool", moments: 2 }, "moments of Mine is 2, expected a function");
});
