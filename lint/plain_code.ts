/**
 * A plugin for `deno lint` that keeps code plain in `src/`, `bench/` and `tests/`:
 *
 * - An object or an array literal is not spread into a literal: its entries are written out. A spread makes an object
 *   for every line, hides excess properties from the type checker, and reads as if something were merged.
 * - Names are not declared by destructuring a tuple that is written beside them: each gets a statement.
 * - A conditional expression is not nested in another one: a function with early returns says the same.
 *
 * @module
 */

const CODE = /(^|[\\/])(?:src|bench|tests|tools)[\\/]/;

const plugin: Deno.lint.Plugin = {
  name: "plain-code",
  rules: {
    "no-spread-literal": {
      create(context) {
        if (!CODE.test(context.filename)) return {};
        return {
          SpreadElement(node) {
            const { argument, parent } = node;
            const isLiteral =
              argument.type === "ObjectExpression" && argument.properties.length > 0 ||
              argument.type === "ArrayExpression" && argument.elements.length > 0;
            if (!isLiteral || parent.type === "CallExpression" || parent.type === "NewExpression") {
              return;
            }
            context.report({
              node,
              message: "A literal is spread into a literal, expected its entries",
            });
          },
        };
      },
    },
    "no-tuple-declaration": {
      create(context) {
        if (!CODE.test(context.filename)) return {};
        return {
          VariableDeclarator(node) {
            const { id, init } = node;
            if (id.type !== "ArrayPattern" || init?.type !== "ArrayExpression") return;
            if (init.elements.some((element) => element?.type === "SpreadElement")) return;
            context.report({
              node,
              message: "A tuple is destructured where it is written, expected a statement a name",
            });
          },
        };
      },
    },
    "no-nested-ternary": {
      create(context) {
        if (!/(^|[\\/])src[\\/]/.test(context.filename)) return {};
        return {
          ConditionalExpression(node) {
            if (node.parent.type !== "ConditionalExpression") return;
            context.report({
              node,
              message: "A conditional expression is nested, expected early returns or a table",
            });
          },
        };
      },
    },
  },
};

export default plugin;
