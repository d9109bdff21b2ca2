import { assertEquals, assertThrows } from "@std/assert";
import { findLoss, lossTraits } from "../../../src/ground/traits/losses.ts";
import { isLossCall, parseLoss, parseLossCall } from "../../../src/ground/traits/parse_loss.ts";
import { LOSS_ARGUMENTS } from "../../../src/ground/traits/torch_losses.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";

const parse = (text: string) => parseLoss(text, "--objective");

Deno.test("parseLoss() reads names, and calls of PyTorch with their arguments", () => {
  assertEquals(parse("meanSquaredError"), { name: "meanSquaredError" });
  assertEquals(parse("cross_entropy"), { name: "cross_entropy" });
  assertEquals(parse("cross_entropy()"), { name: "cross_entropy" });
  assertEquals(
    parse("F.cross_entropy(label_smoothing=0.1, weight=[1, 2.5, 1e-1], ignore_index=-1)"),
    {
      name: "cross_entropy",
      labelSmoothing: 0.1,
      classWeights: [1, 2.5, 0.1],
      ignoredClass: -1,
    },
  );
  for (const weights of [[0], [1], [0, 2]]) {
    assertEquals(parse(`cross_entropy(weight=${JSON.stringify(weights)})`), {
      name: "cross_entropy",
      classWeights: weights,
    });
  }
  assertEquals(
    parse(
      "torch.nn.functional.bce_with_logits(pos_weight=torch.tensor([3.0, 1.]), reduction='sum')",
    ),
    { name: "bce_with_logits", positiveWeights: [3, 1], reduction: "sum" },
  );
  assertEquals(parse('smooth_l1_loss(beta=0.5, reduction="mean")'), {
    name: "smooth_l1_loss",
    delta: 0.5,
  });
  assertEquals(parse("kl_div(reduction=batchmean, log_target=True)"), {
    name: "kl_div",
    reduction: "batchmean",
    logTargets: true,
  });
});

Deno.test("parseLossCall() names the loss of a class of PyTorch, with its arguments", () => {
  const rows = [
    ["nn.CrossEntropyLoss()", "cross_entropy"],
    ["CrossEntropyLoss", "cross_entropy"],
    ["torch.nn.CrossEntropyLoss( label_smoothing=0.1 )", "cross_entropy(label_smoothing=0.1)"],
    ["nn.MSELoss(reduction='sum')", "mse_loss(reduction='sum')"],
    ["F.binary_cross_entropy", "bce_loss"],
    ["nn.functional.binary_cross_entropy_with_logits", "bce_with_logits"],
    ["F.kl_div", "kl_div"],
  ];
  for (const [text, loss] of rows) {
    assertEquals(parseLossCall(text, "--objective"), loss);
    assertEquals(lossTraits(text), lossTraits(loss), text);
    assertEquals(findLoss(text.split("(")[0]), loss.split("(")[0]);
  }
  for (const name of Object.keys(LOSS_ARGUMENTS)) assertEquals(parseLossCall(name, ""), name);
});

Deno.test("parseLoss() rejects unknown losses, arguments and values", () => {
  const rows: [text: string, message: string][] = [
    ["cross_entrop(weight=[1])", 'did you mean "cross_entropy"?'],
    ["CrossEntropyLos(weight=[1])", "--objective is"],
    ["meanSquaredError(beta=1)", "expected the name of a loss, or a call of one of PyTorch's"],
    ["mse_loss(beta=1)", 'mse_loss in --objective has "beta=1", expected arguments by name'],
    ["cross_entropy(label_smooting=0.1)", 'did you mean "label_smoothing"?'],
    ["cross_entropy(label_smoothing=1.5)", "expected a number from 0 to 1"],
    ["cross_entropy(0.1)", "expected arguments by name: weight, ignore_index, label_smoothing"],
    ["cross_entropy(weight=2)", "weight of cross_entropy is"],
    ["cross_entropy(weight=[1, -2])", "expected a list of numbers of at least 0"],
    ["cross_entropy(weight=[])", "expected a list of numbers of at least 0"],
    ["cross_entropy(weight=[[1], [2]])", "expected a list of numbers of at least 0"],
    ["cross_entropy(ignore_index=0.5)", "expected a whole number"],
    ["cross_entropy(reduction='none')", 'reduction of cross_entropy is "none", expected'],
    ["cross_entropy(reduction='batchmean')", 'expected "mean" or "sum"'],
    ["multi_margin_loss(p=3)", "p of multi_margin_loss is"],
    ["poisson_nll_loss(full=1)", "expected True or False"],
    ["huber_loss(delta=-1)", "expected a number of at least 0"],
    ["huber_loss(delta=1", "--objective is"],
    ["", "--objective is"],
  ];
  for (const [text, message] of rows) {
    assertThrows(() => parse(text), InputError, message, text);
    assertEquals(isLossCall(text), false, text);
  }
  assertEquals(isLossCall("huber_loss(delta=2)"), true);
  assertEquals(isLossCall("huber_loss"), false);
});

Deno.test("parseLoss() reads each argument of the table", () => {
  const texts = {
    number: "1.5",
    share: "0.25",
    numbers: "[1, 2]",
    flag: "True",
    class: "3",
    exponent: "2",
  };
  const values = {
    number: 1.5,
    share: 0.25,
    numbers: [1, 2],
    flag: true,
    class: 3,
    exponent: 2,
  };
  for (const [name, known] of Object.entries(LOSS_ARGUMENTS)) {
    for (const [key, { option, kind }] of Object.entries(known)) {
      const found = parse(`${name}(${key}=${texts[kind]})`);
      assertEquals(found, { name, [option]: values[kind] } as typeof found);
    }
  }
});
