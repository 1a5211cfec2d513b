//! Text in columns.

/// Lines of columns two spaces apart, as wide as their widest cell, under a line of headings.
pub fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let lines = std::iter::once(headings.map(str::to_owned)).chain(rows.iter().cloned());
    for cells in lines {
        let line: String = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}  "))
            .collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            ["Lautsprecher (größer)".to_owned(), "render".to_owned()],
            ["Mic".to_owned(), String::new()],
        ];
        let expected = "\
NAME                   KIND
Lautsprecher (größer)  render
Mic
";
        assert_eq!(table(["NAME", "KIND"], &rows), expected);
    }

    #[test]
    fn without_rows_the_headings_remain() {
        assert_eq!(table(["NAME", "KIND"], &[]), "NAME  KIND\n");
    }
}
