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
        let mut starts = vec![0u32; rows + 1];
        for (row, _) in pairs.clone() {
            starts[row as usize] += 1;
        }
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        // Each start stands at its end now and goes back as the items come, the last of a row first.
        let mut lists = Lists { starts, items: vec![0; end as usize] };
        let mut put = |(row, item): (u32, u32)| {
            let at = &mut lists.starts[row as usize];
            *at -= 1;
            lists.items[*at as usize] = item;
        };
        pairs.for_each(&mut put);
        for row in 0..rows {
            let (from, to) = (lists.starts[row] as usize, lists.starts[row + 1] as usize);
            lists.items[from..to].reverse();
        }
        lists
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
