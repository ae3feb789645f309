// The words for an error: those of its subject where there are any, else those of its code.
import type { PlainError } from '../../errors.ts';
import type { ErrorText } from './en-errors.ts';
import type { ErrorSubject } from './en-photo-errors.ts';
import type { Messages } from './messages.ts';

export function errorText(
  { errors, subjects }: Pick<Messages, 'errors' | 'subjects'>,
  { code, subject }: Pick<PlainError, 'code' | 'subject'>,
): ErrorText {
  return subject !== undefined && Object.hasOwn(subjects, subject)
    ? subjects[subject as ErrorSubject] // asked for above
    : errors[code];
}
