//! Small plots in the terminal.

/// One curve of a plot.
pub(crate) struct Curve {
    /// What the legend calls it.
    pub(crate) name: String,
    /// Values at rising x.
    pub(crate) points: Vec<Point>,
}

/// A point of a curve.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

const WIDTH: usize = 64;
const HEIGHT: usize = 12;
const MARKS: [char; 4] = ['●', '○', '▲', '△'];

/// Up to four curves over [0, `x_end`] on one grid, with a legend, an axis from 0 (or the least value, if that is lower) to
/// the largest value, and `x_label` under the end of the x axis. Between two points a curve keeps the value of the former.
pub(crate) fn curves(curves: &[Curve], x_end: f64, x_label: &str) -> String {
    let values = || curves.iter().flat_map(|curve| &curve.points).map(|point| point.y);
    let (top, bottom) = (values().fold(0.0, f64::max), values().fold(0.0, f64::min));
    let mut grid = [[' '; WIDTH]; HEIGHT];
    for (curve, mark) in curves.iter().zip(MARKS) {
        for (column, cell_end) in (1..=WIDTH).map(|column| x_end * column as f64 / WIDTH as f64).enumerate() {
            let known = curve.points.iter().take_while(|point| point.x < cell_end).last();
            if let Some(point) = known {
                let height = if top > bottom { (point.y - bottom) / (top - bottom) } else { 0.0 };
                let row = HEIGHT - 1 - (height * (HEIGHT - 1) as f64).round() as usize;
                grid[row][column] = mark;
            }
        }
    }
    let mut plot = String::new();
    for (row, cells) in grid.iter().enumerate() {
        let label = match row {
            0 => end_of_axis(top),
            _ if row == HEIGHT - 1 => end_of_axis(bottom),
            _ => String::new(),
        };
        let cells: String = cells.iter().collect();
        plot += &format!("{label:>8} ┤{}\n", cells.trim_end());
    }
    plot += &format!("{:>8} └{}\n{:>w$}\n", "", "─".repeat(WIDTH), x_label, w = WIDTH + 10);
    let legend: Vec<String> =
        curves.iter().zip(MARKS).map(|(curve, mark)| format!("{mark} {}", curve.name)).collect();
    plot + &format!("{:>10}{}\n", "", legend.join("   "))
}

/// Whole from 10 up, and with three digits below.
fn end_of_axis(value: f64) -> String {
    if value == 0.0 || value.abs() >= 10.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

/// A histogram in one line, scaled to its own largest bin.
pub(crate) fn bars(counts: &[u64]) -> String {
    const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let top = counts.iter().copied().max().unwrap_or(0).max(1);
    // A bin that holds anything shows at least the lowest block.
    counts.iter().map(|&count| BLOCKS[(count * 8).div_ceil(top) as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(name: &str, points: &[(f64, f64)]) -> Curve {
        let points = points.iter().map(|&(x, y)| Point { x, y }).collect();
        Curve { name: name.to_owned(), points }
    }

    #[test]
    fn a_curve_starts_where_its_points_do_and_reaches_the_top() {
        let plot = curves(&[curve("rumour", &[(50.0, 1.0), (75.0, 10.0)])], 100.0, "24 h");
        let lines: Vec<&str> = plot.lines().collect();
        assert_eq!(lines[0].matches('●').count(), WIDTH / 4, "{plot}");
        assert_eq!(plot.matches('●').count(), WIDTH / 2 + 1, "{plot}");
        assert!(lines[0].starts_with("      10 ┤"));
        assert!(plot.contains("● rumour"));
    }

    #[test]
    fn an_axis_reaches_down_to_negative_values() {
        let plot = curves(&[curve("mean", &[(0.0, -0.5), (50.0, 0.25)])], 100.0, "24 h");
        let lines: Vec<&str> = plot.lines().collect();
        assert!(lines[0].starts_with("   0.250 ┤") && lines[HEIGHT - 1].starts_with("  -0.500 ┤●"), "{plot}");
        assert_eq!(lines[0].matches('●').count(), WIDTH / 2, "{plot}");
    }

    #[test]
    fn curves_without_values_are_flat() {
        assert_eq!(curves(&[curve("none", &[(0.0, 0.0)])], 10.0, "").matches('●').count(), WIDTH + 1);
    }

    #[test]
    fn bars_show_every_bin_that_holds_anything() {
        assert_eq!(bars(&[0, 1, 400, 800]), " ▁▄█");
        assert_eq!(bars(&[0, 0]), "  ");
    }
}
