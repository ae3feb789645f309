// hnswlib-wasm where no text may become code, as under the site's Content-Security-Policy.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { closureOf, serveEmbindWithoutEval } from '../../src/retrieval/embind-closures.ts';

const SCRIPT = join(import.meta.dirname, 'hnsw-without-eval.ts');

/** A scope that may not compile text. */
function strictScope() {
  const refuse = (() => {
    throw new EvalError('forbidden');
  }) as unknown as FunctionConstructor;
  Object.assign(refuse, { prototype: Function.prototype });
  return { Function: refuse };
}

describe('a process that may not compile text', () => {
  it('builds, saves and reads graphs, and finds what one that may finds', () => {
    const run = (...flags: string[]) =>
      String(execFileSync(process.execPath, [...flags, '--import', 'tsx', SCRIPT]));
    const [strict, free] = [run('--disallow-code-generation-from-strings'), run()].map(
      (text) => JSON.parse(text) as { compiles: boolean; found: number[][]; refused: string },
    );
    expect([strict?.compiles, free?.compiles]).toEqual([false, true]);
    expect(strict?.found).toEqual(free?.found);
    expect(strict?.refused).toBe(free?.refused);
    expect(strict?.refused).toMatch(/argument/);
  }, 60_000);
});

describe('closures for texts', () => {
  it('serve embind alone: all other text stays forbidden', () => {
    const scope = strictScope();
    serveEmbindWithoutEval(scope);
    for (const parts of [
      ['return 1'],
      ['a', 'return function x(a) {}'],
      ['invoker', 'fn', 'x()'],
    ]) {
      expect(closureOf(parts)).toBeNull();
      expect(() => scope.Function(...parts)).toThrow(EvalError);
    }
    expect((() => 1) instanceof scope.Function).toBe(true);
  });

  it('are not needed, and change nothing, where text may be compiled', () => {
    const scope = { Function };
    serveEmbindWithoutEval(scope);
    expect(scope.Function).toBe(Function);
  });

  it('run destructors, of a stack or one by one', () => {
    const ran: unknown[] = [];
    const type = {
      toWireType: (stack: unknown[] | null, value: unknown) => {
        stack?.push(value);
        return `w${value}`;
      },
      fromWireType: (value: unknown) => `f${value}`,
    };
    const common = [
      'throwBindingError',
      'invoker',
      'fn',
      'runDestructors',
      'retType',
      'classParam',
    ];
    const invoker = (...given: unknown[]) => given.join();
    const values = [
      null,
      invoker,
      'target',
      (all: unknown[]) => ran.push(...all),
      type,
      type,
      type,
    ];
    const stack = closureOf([
      ...common,
      'argType0',
      "return function a$b(arg0) {\nthrowBindingError('function a.b called with ' +\nvar destructors = [];\nvar thisWired = x;\nvar rv = invoker(fn);",
    ])?.(...values) as (given: unknown) => unknown;
    expect(stack.call('self', 'x')).toBe('ftarget,wself,wx');
    expect(ran.sort()).toEqual(['self', 'x']);
    const single = closureOf([
      ...common,
      'argType0',
      'arg0Wired_dtor',
      "return function c(arg0) { throwBindingError('function c called with ' +",
    ])?.(...values, (value: unknown) => ran.push(`dtor ${value}`)) as (given: unknown) => unknown;
    expect(single('y')).toBeUndefined();
    expect(ran.at(-1)).toBe('dtor wy');
  });
});
