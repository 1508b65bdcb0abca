//! Lists of numbers by a number, in one piece of memory: edges of a graph, points of a slot.

/// For each row a list; all lists together are two allocations.
#[derive(Debug, Default)]
pub struct Lists {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    /// Lists of `rows` rows from pairs of a row and an item. The items of a row keep their order.
    pub fn new(rows: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Lists {
        // The start of a row stands one place too far and moves on as the items come: then it is the end of the row,
        // where the next one starts.
        let mut starts = vec![0u32; rows + 2];
        let mut count = 0;
        for (row, _) in pairs.clone() {
            starts[row as usize + 2] += 1;
            count += 1;
        }
        let mut end = 0;
        for start in &mut starts[2..] {
            end += *start;
            *start = end;
        }
        let mut items = vec![0; count];
        for (row, item) in pairs {
            let at = &mut starts[row as usize + 1];
            items[*at as usize] = item;
            *at += 1;
        }
        Lists { starts, items }
    }

    pub fn of(&self, row: u32) -> &[u32] {
        &self.items[self.starts[row as usize] as usize..self.starts[row as usize + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::Lists;

    #[test]
    fn items_keep_their_order() {
        let lists = Lists::new(4, [(2, 7), (0, 5), (2, 3), (2, 9), (3, 1)].into_iter());
        assert_eq!((0..4).map(|r| lists.of(r)).collect::<Vec<_>>(), [&[5][..], &[], &[7, 3, 9], &[1]]);
    }
}
