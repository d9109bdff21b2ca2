/**
 * A plugin for `deno lint` that keeps code plain in `src/`, `bench/` and `tests/`:
 *
 * - An object or an array literal is not spread into a literal: its entries are written out. A
 *   spread makes an object for every line, hides excess properties from the type checker, and reads
 *   as if something were merged.
 * - Names are not declared by destructuring a tuple that is written beside them: each gets a
 *   statement.
 * - A conditional expression is not nested in another one: a function with early returns says the
 *   same.
 * - A function has at most 60 lines, not counting the classes that it makes, which are read method
 *   by method.
 * - A function has at most four parameters, and none that is a bare `boolean` beside others: an
 *   options object names them. If no parameter is annotated, another signature prescribes them.
 *
 * @module
 */

const CODE = /(^|[\\/])(?:src|bench|tests|tools)[\\/]/;

/** Code of the package, whose functions are short. */
const SRC = /(^|[\\/])src[\\/]/;

const MAX_LINES = 60;

const MAX_PARAMETERS = 4;

type LintFunction =
  | Deno.lint.ArrowFunctionExpression
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression;

type Parameter = LintFunction["params"][number];

const withoutReadonly = (parameter: Parameter) =>
  parameter.type === "TSParameterProperty" ? parameter.parameter : parameter;

function typeOf(parameter: Parameter): Deno.lint.Node | undefined {
  const own = withoutReadonly(parameter);
  const { typeAnnotation } = (own.type === "AssignmentPattern" ? own.left : own) as {
    typeAnnotation?: Deno.lint.TSTypeAnnotation;
  };
  return typeAnnotation?.typeAnnotation;
}

/** Returns true for a `boolean`, typed or by its default value. */
function isBoolean(parameter: Parameter): boolean {
  const own = withoutReadonly(parameter);
  const value = own.type === "AssignmentPattern" ? own.right : null;
  return typeOf(parameter)?.type === "TSBooleanKeyword" ||
    value?.type === "Literal" && typeof value.value === "boolean";
}

/** Counts the lines of functions, without those of the classes in them. */
class FunctionLines {
  /** Lines of classes in each open function or class, innermost last. */
  readonly #open: { isClass: boolean; lines: number }[] = [];
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  enter({ type }: Deno.lint.Node): void {
    this.#open.push({ isClass: type.startsWith("Class"), lines: 0 });
  }

  /** Returns the lines of the function or class that ends. */
  leave({ range: [from, to] }: Deno.lint.Node): number {
    const lines = this.#text.slice(from, to).split("\n").length;
    const { isClass, lines: ofClasses } = this.#open.pop()!;
    const outer = this.#open.at(-1);
    if (outer !== undefined) outer.lines += isClass ? lines : ofClasses;
    return lines - ofClasses;
  }
}

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
        if (!SRC.test(context.filename)) return {};
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
    "short-functions": {
      create(context) {
        if (!SRC.test(context.filename)) return {};
        const functions = new FunctionLines(context.sourceCode.text);
        const leave = (node: Deno.lint.Node) => {
          const lines = functions.leave(node);
          if (node.type.startsWith("Class") || lines <= MAX_LINES) return;
          context.report({
            node,
            message: `A function has ${lines} lines, expected at most ${MAX_LINES}`,
          });
        };
        return {
          ":matches(ArrowFunctionExpression, FunctionDeclaration, FunctionExpression)": functions
            .enter.bind(functions),
          ":matches(ArrowFunctionExpression, FunctionDeclaration, FunctionExpression):exit": leave,
          ":matches(ClassDeclaration, ClassExpression)": functions.enter.bind(functions),
          ":matches(ClassDeclaration, ClassExpression):exit": leave,
        };
      },
    },
    "options-object": {
      create(context) {
        if (!SRC.test(context.filename)) return {};
        const visit = (node: LintFunction) => {
          const parameters = node.params.filter((one) =>
            one.type !== "Identifier" || one.name !== "this"
          );
          if (!parameters.some((one) => typeOf(one) !== undefined)) return;
          if (parameters.length > MAX_PARAMETERS) {
            context.report({
              node,
              message: `A function has ${parameters.length} parameters, expected at most ` +
                `${MAX_PARAMETERS} or an options object`,
            });
          } else if (parameters.length > 1 && parameters.some(isBoolean)) {
            context.report({
              node,
              message: "A function has a bare boolean among its parameters, expected an object",
            });
          }
        };
        return {
          ArrowFunctionExpression: visit,
          FunctionDeclaration: visit,
          FunctionExpression: visit,
        };
      },
    },
  },
};

export default plugin;
