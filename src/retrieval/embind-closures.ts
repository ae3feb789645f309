// hnswlib-wasm's bindings (Emscripten's embind) glue JavaScript to WASM by compiling text with `new Function`, which a
// strict Content-Security-Policy forbids. The texts have two shapes; here is what each of them does, as closures. It is what
// newer versions of Emscripten do under -sDYNAMIC_EXECUTION=0.

/** embind's view of a C++ type. */
interface WireType {
  readonly isVoid?: boolean;
  readonly argPackAdvance: number;
  toWireType(destructors: unknown[] | null, value: unknown): unknown;
  fromWireType(wired: unknown): unknown;
  readValueFromPointer(pointer: number): unknown;
  deleteObject?(value: unknown): void;
}

type Any = (...given: unknown[]) => unknown;

/**
 * From now on `new Function` serves embind's texts where the scope may not compile any; all others fail as before.
 * Where text may be compiled nothing is changed.
 */
export function serveEmbindWithoutEval(
  scope: { Function: FunctionConstructor } = globalThis,
): void {
  const compile = scope.Function;
  try {
    compile('');
    return;
  } catch {
    // Forbidden here.
  }
  const serve = (...parts: string[]) => closureOf(parts) ?? compile(...parts);
  // Called with `new` and without; what is a function stays one.
  function Served(...parts: string[]): unknown {
    return serve(...parts);
  }
  Served.prototype = compile.prototype;
  scope.Function = Served as unknown as FunctionConstructor; // as far as embind can tell
}

/**
 * What `new Function(...parts)` would give, for the texts of embind: names of parameters, then a body that returns the
 * glue; null for any other.
 */
export function closureOf(parts: readonly string[]): Any | null {
  const body = parts.at(-1) ?? '';
  const names = parts.slice(0, -1);
  if (body.startsWith('return function methodCaller_') && names[0] === 'retType')
    return methodCaller;
  const invoker = /^return function .*?'function (.*?) called with '/s.exec(body);
  if (!invoker || names[0] !== 'throwBindingError' || names[1] !== 'invoker') return null;
  const shape = {
    name: invoker[1] ?? '',
    isMethod: body.includes('var thisWired = '),
    hasStack: body.includes('var destructors = [];'),
    returns: body.includes('var rv = '),
  };
  return (...values) => invokerOf(new Map(names.map((name, i) => [name, values[i]])), shape);
}

/** Text of `craftInvokerFunction`: calls a C++ function, or a method of a C++ object. */
function invokerOf(
  bound: ReadonlyMap<string, unknown>,
  shape: { name: string; isMethod: boolean; hasStack: boolean; returns: boolean },
): Any {
  const get = <T>(name: string) => bound.get(name) as T; // embind gives what its names say
  const types: WireType[] = [];
  for (let i = 0; bound.has(`argType${i}`); i++) types.push(get(`argType${i}`));
  const target = get<unknown>('fn');
  const wiredNames = [...(shape.isMethod ? ['this'] : []), ...types.map((_, i) => `arg${i}`)];
  return function (this: unknown, ...given) {
    if (given.length !== types.length) {
      const what = `function ${shape.name} called with ${given.length} arguments`;
      get<Any>('throwBindingError')(`${what}, expected ${types.length} args!`);
    }
    const destructors: unknown[] | null = shape.hasStack ? [] : null;
    const wired = types.map((type, i) => type.toWireType(destructors, given[i]));
    if (shape.isMethod) wired.unshift(get<WireType>('classParam').toWireType(destructors, this));
    const result = get<Any>('invoker')(target, ...wired);
    if (destructors) get<Any>('runDestructors')(destructors);
    else {
      for (const [i, name] of wiredNames.entries()) {
        (bound.get(`${name}Wired_dtor`) as Any | undefined)?.(wired[i]);
      }
    }
    return shape.returns ? get<WireType>('retType').fromWireType(result) : undefined;
  };
}

/** Text of `__emval_get_method_caller`: calls a method of a JavaScript object with arguments that lie in WASM's memory. */
const methodCaller: Any = (retType, ...types) => callerOf(retType as WireType, types as WireType[]);

function callerOf(retType: WireType, types: readonly WireType[]): Any {
  return (handle, name, destructors, pointer) => {
    let at = pointer as number;
    const given = types.map((type) => {
      const value = type.readValueFromPointer(at);
      at += type.argPackAdvance;
      return value;
    });
    const result = (handle as Record<string, Any>)[name as string]!(...given); // embind checks that it is there
    for (const [i, type] of types.entries()) type.deleteObject?.(given[i]);
    return retType.isVoid ? undefined : retType.toWireType(destructors as unknown[], result);
  };
}
