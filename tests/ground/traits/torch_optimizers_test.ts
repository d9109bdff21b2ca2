import { unusualSettings } from "../../../src/ground/traits/optimizers.ts";
import { parseOptimizer, torchSettings } from "../../../src/ground/traits/torch_optimizers.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { assertEquals, assertThrows } from "@std/assert";

const parse = (text: string) => parseOptimizer(text, "--optimizer");

Deno.test("parseOptimizer() reads calls of PyTorch, with its defaults", () => {
  const last = { addsEpsilonLast: true, epsilon: 1e-8 };
  const moments = { beta1: 0.9, beta2: 0.999, amsgrad: false };
  assertEquals(parse("AdamW(lr=3e-4, weight_decay=0.05, betas=(0.9, 0.95))"), {
    name: "AdamW",
    learningRate: 3e-4,
    settings: { ...moments, ...last, beta2: 0.95, weightDecay: 0.05, decaysInGradient: false },
  });
  assertEquals(parse("torch.optim.AdamW(model.parameters())"), {
    name: "AdamW",
    learningRate: 1e-3,
    settings: { ...moments, ...last, weightDecay: 0.01, decaysInGradient: false },
  });
  assertEquals(parse("SGD(lr=0.1)"), {
    name: "SGD",
    learningRate: 0.1,
    settings: {
      momentum: 0,
      nesterov: false,
      weightDecay: 0,
      decaysInGradient: false,
      addsEpsilonLast: false,
    },
  });
  assertEquals(parse("sgd(lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)"), {
    name: "Momentum",
    learningRate: 0.1,
    settings: {
      momentum: 0.9,
      nesterov: true,
      weightDecay: 1e-4,
      decaysInGradient: true,
      addsEpsilonLast: false,
    },
  });
  const isCoupled = (text: string) => parse(text).settings.decaysInGradient;
  assertEquals(isCoupled("Adam(weight_decay=0.1)"), true);
  assertEquals(isCoupled("Adam(weight_decay=0.1, decoupled_weight_decay=True)"), false);
  assertEquals(parse("RMSprop(alpha=0.9, fused=False)").settings.rho, 0.9);
  assertEquals(parse("Adam").learningRate, 1e-3);
});

Deno.test("parseOptimizer() rejects unknown optimizers and arguments", () => {
  const cases: [text: string, said: string][] = [
    ["Adamw2", "did you mean"],
    ["AdamW(lr=fast)", 'lr of AdamW is "fast", expected a number'],
    ["AdamW(lr=-1)", "lr of AdamW is -1, expected a number of at least 0"],
    ["AdamW(weight_decy=1)", "weight_decay"],
    ["AdamW(0.1)", 'AdamW in --optimizer has "0.1", expected arguments by name'],
    ["Adamax(decoupled_weight_decay=True)", "decoupled_weight_decay=True"],
    ["AdamW(maximize=True)", "maximize=True"],
    ["AdamW(", "an optimizer of PyTorch"],
    ["", "an optimizer of PyTorch"],
  ];
  for (const [text, said] of cases) assertThrows(() => parse(text), InputError, said, text);
});

Deno.test("torchSettings() returns what differs from PyTorch's defaults, by PyTorch's names", () => {
  const shown = (text: string) => {
    const { name, settings } = parse(text);
    const measured = unusualSettings(name, settings);
    assertEquals(torchSettings(name, settings), torchSettings(name, measured ?? {}), text);
    return torchSettings(name, settings);
  };
  assertEquals(shown("AdamW(lr=3e-4, weight_decay=0.02)"), { weight_decay: 0.02 });
  assertEquals(shown("AdamW(lr=3e-4)"), {});
  assertEquals(shown("AdamW(weight_decay=0)"), { weight_decay: 0 });
  assertEquals(shown("RMSprop(alpha=0.9, eps=1e-6)"), { alpha: 0.9, eps: 1e-6 });
  // These are Keras's defaults, which measurements leave out.
  assertEquals([shown("RMSprop(alpha=0.9)"), shown("RMSprop()")], [{ alpha: 0.9 }, {}]);
  assertEquals([shown("Adadelta(rho=0.95)"), shown("Adadelta()")], [{ rho: 0.95 }, {}]);
  assertEquals(shown("AdamW(weight_decay=0.004)"), { weight_decay: 0.004 });
  assertEquals(shown("Adam(eps=1e-7, weight_decay=0.1)"), { eps: 1e-7, weight_decay: 0.1 });
  assertEquals(shown("Adam(weight_decay=0.1, decoupled_weight_decay=True)"), {
    weight_decay: 0.1,
    decoupled_weight_decay: true,
  });
  assertEquals(shown("Adam(decoupled_weight_decay=True)"), {});
  // Keras's clipping is not an argument of PyTorch's optimizers.
  assertEquals(torchSettings("Adam", { clipnorm: 1 }), { clipnorm: 1, eps: 1e-7 });
  assertEquals(shown("SGD(lr=0.1, momentum=0.9, nesterov=True)"), {
    momentum: 0.9,
    nesterov: true,
  });
  assertEquals(torchSettings("Lion", { weightDecay: 0.1 }), { weightDecay: 0.1 });
});
