//! Numbers in decimal, for what is written with every answer and every event: `format!` takes several times as long.

/// Appends `number` in decimal, with leading zeros to `width` digits (at most 20).
pub(crate) fn write_number(number: u64, width: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let (mut left, mut count) = (number, 0);
    for digit in digits.iter_mut().rev() {
        if left == 0 && count >= width.max(1) {
            break;
        }
        *digit = b'0' + u8::try_from(left % 10).unwrap_or_default();
        left /= 10;
        count += 1;
    }
    out.extend_from_slice(digits.get(digits.len() - count..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_format_writes_them() {
        for number in [0, 7, 9, 10, 99, 100, 2026, 9999, 10_000, u64::MAX] {
            for width in [0, 1, 2, 3, 4, 20] {
                let mut out = b"before ".to_vec();
                write_number(number, width, &mut out);
                assert_eq!(String::from_utf8(out).unwrap(), format!("before {number:0width$}"));
            }
        }
    }
}
